--- When the first lease or claim ends, in microseconds from now: until then only a command changes anything. -1: never.
-- @arg  holders  IN LONGBLOB  The row.
-- @arg  line     IN LONGBLOB  The row.
-- @arg  now_us   IN BIGINT    The moment of the command.
-- @arg  in_us    OUT BIGINT   The answer.
CREATE PROCEDURE distributed_lock_first_change(IN holders LONGBLOB, IN line LONGBLOB, IN now_us BIGINT, OUT in_us BIGINT)
SQL SECURITY INVOKER NO SQL
BEGIN
  DECLARE at INT DEFAULT 1;
  DECLARE never_us BIGINT DEFAULT 9223372036854775807;
  DECLARE first_us BIGINT DEFAULT never_us;
  WHILE at <= LENGTH(holders) DO
    SET first_us = LEAST(first_us, CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED)), at = at + 76;
  END WHILE;
  SET at = LOCATE('k', line);
  WHILE at > 0 DO
    -- CLAIM_US.
    SET first_us = LEAST(first_us, CAST(SUBSTRING(line, at + 27, 16) AS SIGNED) + 1000000), at = LOCATE('k', line, at + 1);
  END WHILE;
  SET in_us = IF(first_us = never_us, -1, GREATEST(0, first_us - now_us));
END;
