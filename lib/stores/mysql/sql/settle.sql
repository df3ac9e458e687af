--- Passes over who did not come, and calls exactly the longest prefix of the line that fits beside the holders.
--
--   waits ──in the prefix──► called ──CLAIM_US──► asleep ──looks──► waits, first again
--   called ──the prefix became shorter──► waits
--   waits, asleep ──SILENT_US without a look──► gone
--
-- @arg  line    INOUT LONGBLOB  The row.
-- @arg  free    IN BIGINT       What the holders leave of the capacity.
-- @arg  now_us  IN BIGINT       The moment of the command.
CREATE PROCEDURE distributed_lock_settle(INOUT line LONGBLOB, IN free BIGINT, IN now_us BIGINT)
SQL SECURITY INVOKER NO SQL
settle: BEGIN
  DECLARE at INT;
  DECLARE rest BIGINT DEFAULT free;
  DECLARE state VARBINARY(1);
  DECLARE weight BIGINT;
  DECLARE is_silent BOOLEAN;
  DECLARE is_prefix BOOLEAN DEFAULT TRUE;
  IF line = '' THEN LEAVE settle; END IF;
  SET at = LOCATE('k', line);
  WHILE at > 0 DO
    -- CLAIM_US.
    IF CAST(SUBSTRING(line, at + 27, 16) AS SIGNED) + 1000000 <= now_us THEN SET line = INSERT(line, at, 1, 'z'); END IF;
    SET at = LOCATE('k', line, at + 1);
  END WHILE;
  -- Clears the calls behind the first that fits no more, before the prefix is drawn anew: one that is silent must not end it.
  SET at = IF(LOCATE('k', line) > 0, 1, LENGTH(line) + 1);
  WHILE at <= LENGTH(line) DO
    IF SUBSTRING(line, at + 33, 1) <> 'z' THEN SET rest = rest - CAST(SUBSTRING(line, at + 34, 10) AS SIGNED); END IF;
    IF rest < 0 THEN
      SET line = CONCAT(SUBSTRING(line, 1, at - 1), REPLACE(SUBSTRING(line, at), 'k', 'w')), at = LENGTH(line);
    END IF;
    SET at = at + 76;
  END WHILE;
  SET at = 1;
  WHILE at > 0 AND at <= LENGTH(line) DO
    -- SILENT_US.
    SET state = SUBSTRING(line, at + 33, 1), is_silent = CAST(SUBSTRING(line, at + 44, 16) AS SIGNED) + 3000000 <= now_us;
    IF is_silent AND (state = 'z' OR is_prefix AND state = 'w') THEN
      SET line = INSERT(line, at, 76, '');
    ELSE
      IF is_prefix AND state <> 'z' THEN
        SET weight = CAST(SUBSTRING(line, at + 34, 10) AS SIGNED);
        SET is_prefix = weight <= free;
        IF is_prefix THEN
          SET free = free - weight;
          IF state = 'w' THEN
            SET line = INSERT(INSERT(line, at + 33, 1, 'k'), at + 60, 16, LPAD(now_us, 16, '0'));
          END IF;
        END IF;
      END IF;
      SET at = at + 76;
    END IF;
    -- Behind the prefix nobody is called: only who sleeps is looked at.
    IF NOT is_prefix THEN SET at = GREATEST(LOCATE('z', line, at), 33) - 33; END IF;
  END WHILE;
END;
