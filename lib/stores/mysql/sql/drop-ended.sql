--- Drops holders whose lease has ended, and refusals that are over; says how much is held.
-- @arg  holders  INOUT LONGBLOB  The row.
-- @arg  refused  INOUT LONGBLOB  The row.
-- @arg  held     OUT BIGINT      The weight of all holders that are left.
-- @arg  now_us   IN BIGINT       The moment of the command.
CREATE PROCEDURE distributed_lock_drop_ended(INOUT holders LONGBLOB, INOUT refused LONGBLOB, OUT held BIGINT, IN now_us BIGINT)
SQL SECURITY INVOKER NO SQL
BEGIN
  DECLARE at INT DEFAULT 1;
  SET held = 0;
  WHILE at <= LENGTH(holders) DO
    IF CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED) <= now_us THEN
      SET holders = INSERT(holders, at, 76, '');
    ELSE
      SET held = held + CAST(SUBSTRING(holders, at + 34, 10) AS SIGNED), at = at + 76;
    END IF;
  END WHILE;
  SET at = 1;
  WHILE at <= LENGTH(refused) DO
    IF CAST(SUBSTRING(refused, at + 33, 16) AS SIGNED) <= now_us THEN
      SET refused = INSERT(refused, at, 49, '');
    ELSE
      SET at = at + 49;
    END IF;
  END WHILE;
END;
