--- The owner leaves: its hold ends, or stays for a while as nobody's; or its place goes.
-- @arg  holders     INOUT LONGBLOB    The row.
-- @arg  line        INOUT LONGBLOB    The row.
-- @arg  held        INOUT BIGINT      The weight of all holders.
-- @arg  of_owner    IN VARBINARY(32)  Who.
-- @arg  kept_until  IN BIGINT         Until when the hold stays under no owner; 0 where it does not.
CREATE PROCEDURE distributed_lock_remove(INOUT holders LONGBLOB, INOUT line LONGBLOB, INOUT held BIGINT, IN of_owner VARBINARY(32), IN kept_until BIGINT)
SQL SECURITY INVOKER NO SQL
BEGIN
  DECLARE at INT DEFAULT LOCATE(CONCAT('o', of_owner), line);
  IF at > 0 THEN SET line = INSERT(line, at, 76, ''); END IF;
  SET at = LOCATE(CONCAT('o', of_owner), holders);
  IF at > 0 AND kept_until > 0 THEN
    SET holders = INSERT(INSERT(holders, at + 1, 32, REPEAT('-', 32)), at + 60, 16, LPAD(kept_until, 16, '0'));
  ELSEIF at > 0 THEN
    SET held = held - CAST(SUBSTRING(holders, at + 34, 10) AS SIGNED), holders = INSERT(holders, at, 76, '');
  END IF;
END;
