--- Writes a row back, where the command has changed it.
-- @arg  of_id         IN VARBINARY(512)  The key.
-- @arg  last_token    IN BIGINT           The row.
-- @arg  capacity      IN INT              The row.
-- @arg  holders       IN LONGBLOB         The row.
-- @arg  line          IN LONGBLOB         The row.
-- @arg  refused       IN LONGBLOB         The row.
-- @arg  now_us        IN BIGINT           The moment of the command.
-- @arg  tolerance_us  IN BIGINT           How long the last token outlives everything else.
CREATE PROCEDURE distributed_lock_save(IN of_id VARBINARY(512), IN last_token BIGINT, IN capacity INT, IN holders LONGBLOB, IN line LONGBLOB, IN refused LONGBLOB, IN now_us BIGINT, IN tolerance_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE at INT DEFAULT 1;
  DECLARE until_us BIGINT DEFAULT now_us;
  -- SILENT_US and REFUSED_US: nothing there can last longer.
  IF line <> '' THEN SET until_us = now_us + 3000000; END IF;
  IF refused <> '' THEN SET until_us = now_us + 10000000; END IF;
  WHILE at <= LENGTH(holders) DO
    SET until_us = GREATEST(until_us, CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED));
    SET at = at + 76;
  END WHILE;
  UPDATE distributed_lock t SET
    t.last_token = last_token, t.kept_until_us = until_us + tolerance_us, t.capacity = capacity,
    t.holders = holders, t.line = line, t.refused = refused
  WHERE t.id = of_id AND (t.last_token <> last_token OR t.capacity <> capacity OR t.holders <> holders OR t.line <> line
    OR t.refused <> refused);
END;
