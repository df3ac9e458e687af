--- Would a stranger hold if it asked now? It stands behind everybody who is awake, and still must fit.
-- @arg  line      IN LONGBLOB  The row, settled.
-- @arg  free      IN BIGINT    What the holders leave of the capacity that is asked for.
-- @arg  weight    IN INT       What is taken of it.
-- @arg  may_hold  OUT BOOLEAN  The answer.
CREATE PROCEDURE distributed_lock_would_hold(IN line LONGBLOB, IN free BIGINT, IN weight INT, OUT may_hold BOOLEAN)
SQL SECURITY INVOKER NO SQL
BEGIN
  DECLARE at INT DEFAULT 1;
  SET free = free - weight;
  WHILE at <= LENGTH(line) AND free >= 0 DO
    IF SUBSTRING(line, at + 33, 1) <> 'z' THEN SET free = free - CAST(SUBSTRING(line, at + 34, 10) AS SIGNED); END IF;
    SET at = at + 76;
  END WHILE;
  SET may_hold = free >= 0;
END;
