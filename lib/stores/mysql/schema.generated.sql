-- Generated from ./sql/*.sql by `npm run generate`. Do not edit.
-- What the MySQL store of nestjs-distributed-lock makes by itself when it connects, for databases in which it may not: run
-- it once with the mysql client, in the database that is meant. The user of the store then needs
--   GRANT SELECT, INSERT, UPDATE, DELETE ON <database>.distributed_lock TO <user>;
--   GRANT SELECT, INSERT, UPDATE, DELETE ON <database>.distributed_lock_exclusive TO <user>;
--   GRANT EXECUTE ON <database>.* TO <user>;
CREATE TABLE IF NOT EXISTS distributed_lock (
  id VARBINARY(512) NOT NULL PRIMARY KEY,
  last_token BIGINT NOT NULL DEFAULT 0,
  kept_until_us BIGINT NOT NULL DEFAULT 0,
  capacity INT NOT NULL DEFAULT 0,
  holders LONGBLOB NOT NULL,
  line LONGBLOB NOT NULL,
  refused LONGBLOB NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
CREATE TABLE IF NOT EXISTS distributed_lock_exclusive (
  id VARBINARY(512) NOT NULL PRIMARY KEY
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
DELIMITER //
CREATE PROCEDURE distributed_lock_acquire_85469abb(IN ids LONGBLOB, IN of_owner VARBINARY(32), IN of_capacity INT, IN of_weight INT, IN lease_us BIGINT, IN takes_place BOOLEAN, IN least_tokens LONGBLOB, IN tolerance_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE was_wait INT DEFAULT @@session.innodb_lock_wait_timeout;
  DECLARE last_token, now_us, token, number BIGINT;
  DECLARE capacity, what INT;
  DECLARE holders, line, refused LONGBLOB;
  DECLARE answer, grants LONGBLOB DEFAULT '';
  DECLARE left_ids LONGBLOB DEFAULT IF(takes_place, '', ids);
  DECLARE one VARBINARY(1024);
  DECLARE id VARBINARY(512);
  DECLARE held BIGINT;
  DECLARE may_hold BOOLEAN DEFAULT TRUE;
  DECLARE least VARBINARY(20);
  DECLARE record VARBINARY(33) DEFAULT CONCAT('o', of_owner);
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
    ROLLBACK;
    SET SESSION innodb_lock_wait_timeout = was_wait;
    RESIGNAL;
  END;
  SET SESSION innodb_lock_wait_timeout = 2;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  START TRANSACTION;
  WHILE left_ids <> '' DO
    SET one = SUBSTRING_INDEX(left_ids, ' ', 1), left_ids = SUBSTRING(left_ids, LENGTH(one) + 2), id = UNHEX(one);
    CALL distributed_lock_load_85469abb(id, TRUE, last_token, capacity, holders, line, refused, now_us);
    CALL distributed_lock_drop_ended_85469abb(holders, refused, held, now_us);
    CALL distributed_lock_settle_85469abb(line, capacity - held, now_us);
    CALL distributed_lock_save_85469abb(id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
    IF LOCATE(record, refused) > 0 THEN
      SET may_hold = FALSE;
    ELSEIF LOCATE(record, holders) > 0 THEN
      SET may_hold = TRUE;
    ELSEIF capacity <> of_capacity AND (holders <> '' OR line <> '') THEN
      SET may_hold = FALSE;
    ELSE
      CALL distributed_lock_would_hold_85469abb(line, of_capacity - held, of_weight, may_hold);
    END IF;
    IF NOT may_hold THEN SET ids = CONCAT(one, ' '), left_ids = '', least_tokens = ''; END IF;
  END WHILE;
  WHILE ids <> '' DO
    SET one = SUBSTRING_INDEX(ids, ' ', 1), ids = SUBSTRING(ids, LENGTH(one) + 2), id = UNHEX(one);
    SET least = SUBSTRING_INDEX(least_tokens, ' ', 1), least_tokens = SUBSTRING(least_tokens, LENGTH(least) + 2);
    CALL distributed_lock_load_85469abb(id, TRUE, last_token, capacity, holders, line, refused, now_us);
    CALL distributed_lock_take_85469abb(last_token, capacity, holders, line, refused, now_us, of_owner, of_capacity, of_weight,
      lease_us, takes_place, '', IF(least = '', 0, least), what, token, number);
    CALL distributed_lock_save_85469abb(id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
    IF what = 0 AND NOT may_hold THEN
      SET answer = '3 0', ids = '';
    ELSEIF what > 0 THEN
      SET answer = CONCAT(what, ' ', number, grants), ids = '';
    ELSE
      SET grants = CONCAT(grants, ' ', token, ' ', number), answer = CONCAT('0 0', grants);
    END IF;
  END WHILE;
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
  SELECT answer;
END//
CREATE PROCEDURE distributed_lock_ask_85469abb(IN of_id VARBINARY(512), IN requests LONGBLOB, IN tolerance_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE was_wait INT DEFAULT @@session.innodb_lock_wait_timeout;
  DECLARE last_token, now_us, token, number BIGINT;
  DECLARE capacity, what INT;
  DECLARE holders, line, refused LONGBLOB;
  DECLARE answer LONGBLOB DEFAULT '';
  DECLARE request, replaces VARBINARY(200);
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
    ROLLBACK;
    SET SESSION innodb_lock_wait_timeout = was_wait;
    RESIGNAL;
  END;
  SET SESSION innodb_lock_wait_timeout = 2;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  START TRANSACTION;
  CALL distributed_lock_load_85469abb(of_id, TRUE, last_token, capacity, holders, line, refused, now_us);
  WHILE requests <> '' DO
    SET request = SUBSTRING_INDEX(requests, ',', 1), requests = SUBSTRING(requests, LENGTH(request) + 2);
    SET replaces = SUBSTRING_INDEX(request, ' ', -1);
    CALL distributed_lock_take_85469abb(last_token, capacity, holders, line, refused, now_us,
      SUBSTRING_INDEX(request, ' ', 1),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 2), ' ', -1),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 3), ' ', -1),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 4), ' ', -1),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 5), ' ', -1),
      IF(replaces = '-', '', replaces),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 6), ' ', -1), what, token, number);
    SET answer = CONCAT(answer, what, IF(what = 0, CONCAT(' 0 ', token), ''), ' ', number, ',');
  END WHILE;
  CALL distributed_lock_save_85469abb(of_id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
  SELECT answer;
END//
CREATE PROCEDURE distributed_lock_drop_ended_85469abb(INOUT holders LONGBLOB, INOUT refused LONGBLOB, OUT held BIGINT, IN now_us BIGINT)
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
END//
CREATE PROCEDURE distributed_lock_first_change_85469abb(IN holders LONGBLOB, IN line LONGBLOB, IN now_us BIGINT, OUT in_us BIGINT)
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
    SET first_us = LEAST(first_us, CAST(SUBSTRING(line, at + 27, 16) AS SIGNED) + 1000000), at = LOCATE('k', line, at + 1);
  END WHILE;
  SET in_us = IF(first_us = never_us, -1, GREATEST(0, first_us - now_us));
END//
CREATE PROCEDURE distributed_lock_force_release_85469abb(IN of_id VARBINARY(512), IN tolerance_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE was_wait INT DEFAULT @@session.innodb_lock_wait_timeout;
  DECLARE last_token, now_us BIGINT;
  DECLARE capacity INT;
  DECLARE holders, line, refused LONGBLOB;
  DECLARE held BIGINT;
  DECLARE answer BOOLEAN DEFAULT FALSE;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
    ROLLBACK;
    SET SESSION innodb_lock_wait_timeout = was_wait;
    RESIGNAL;
  END;
  SET SESSION innodb_lock_wait_timeout = 2;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  START TRANSACTION;
  CALL distributed_lock_load_85469abb(of_id, FALSE, last_token, capacity, holders, line, refused, now_us);
  IF capacity IS NOT NULL THEN
    CALL distributed_lock_drop_ended_85469abb(holders, refused, held, now_us);
    SET answer = holders <> '', holders = '';
    CALL distributed_lock_settle_85469abb(line, capacity, now_us);
    CALL distributed_lock_save_85469abb(of_id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
  END IF;
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
  SELECT answer;
END//
CREATE PROCEDURE distributed_lock_inspect_85469abb(IN of_id VARBINARY(512))
SQL SECURITY INVOKER READS SQL DATA
BEGIN
  DECLARE now_us BIGINT;
  CALL distributed_lock_now_85469abb(now_us);
  SELECT t.capacity, LENGTH(t.line) DIV 76, t.holders, now_us FROM distributed_lock t WHERE t.id = of_id;
END//
CREATE PROCEDURE distributed_lock_load_85469abb(IN of_id VARBINARY(512), IN makes BOOLEAN, OUT last_token BIGINT, OUT capacity INT, OUT holders LONGBLOB, OUT line LONGBLOB, OUT refused LONGBLOB, OUT now_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  SET capacity = NULL;
  attempts: LOOP
    SELECT t.last_token, t.capacity, t.holders, t.line, t.refused INTO last_token, capacity, holders, line, refused
    FROM distributed_lock t WHERE t.id = of_id FOR UPDATE;
    IF capacity IS NOT NULL OR NOT makes THEN LEAVE attempts; END IF;
    INSERT INTO distributed_lock (id, holders, line, refused) VALUES (of_id, '', '', '')
    ON DUPLICATE KEY UPDATE id = of_id;
  END LOOP;
  CALL distributed_lock_now_85469abb(now_us);
END//
CREATE PROCEDURE distributed_lock_lock_row_85469abb(IN of_id VARBINARY(512), IN of_name VARBINARY(64), IN idle_s INT, IN waits BOOLEAN)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE found, is_there INT DEFAULT NULL;
  DECLARE now_us BIGINT;
  DECLARE answer VARBINARY(64);
  DECLARE holder LONGBLOB DEFAULT '';
  DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
  IF waits THEN
    SELECT 1 INTO found FROM distributed_lock_exclusive t WHERE t.id = of_id FOR UPDATE;
  ELSE
    SET SESSION wait_timeout = idle_s;
    SET SESSION innodb_lock_wait_timeout = 100000000;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    START TRANSACTION READ WRITE;
    SELECT 1 INTO found FROM distributed_lock_exclusive t WHERE t.id = of_id FOR UPDATE SKIP LOCKED;
  END IF;
  SELECT t.holders INTO holder FROM distributed_lock t WHERE t.id = of_id AND t.capacity = 1000000001;
  IF found IS NULL THEN SELECT 1 INTO is_there FROM distributed_lock_exclusive t WHERE t.id = of_id; END IF;
  IF found IS NOT NULL THEN
    DO GET_LOCK(of_name, 1);
    SET answer = CONCAT('locked ', IF(holder = '', '-', SUBSTRING(holder, 2, 32)));
  ELSEIF is_there IS NOT NULL THEN
    CALL distributed_lock_now_85469abb(now_us);
    SET answer = CONCAT('busy ', IF(holder = '', '-', CAST(SUBSTRING(holder, 61, 16) AS SIGNED) - now_us));
  ELSE
    SET answer = 'missing';
  END IF;
  SELECT answer;
END//
CREATE PROCEDURE distributed_lock_make_row_85469abb(IN of_id VARBINARY(512))
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE was_wait INT DEFAULT @@session.innodb_lock_wait_timeout;
  DECLARE is_there INT DEFAULT NULL;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
    SET SESSION innodb_lock_wait_timeout = was_wait;
    RESIGNAL;
  END;
  SET SESSION innodb_lock_wait_timeout = 1;
  BEGIN
    DECLARE EXIT HANDLER FOR 1205, 1062 BEGIN END;
    DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
    SELECT 1 INTO is_there FROM distributed_lock_exclusive t WHERE t.id = of_id;
    IF is_there IS NULL THEN INSERT INTO distributed_lock_exclusive (id) VALUES (of_id); END IF;
  END;
  SET SESSION innodb_lock_wait_timeout = was_wait;
END//
CREATE PROCEDURE distributed_lock_now_85469abb(OUT now_us BIGINT)
SQL SECURITY INVOKER NO SQL
BEGIN
  DECLARE zone VARCHAR(64) DEFAULT @@session.time_zone;
  SET time_zone = '+00:00';
  SET now_us = TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', SYSDATE(6));
  SET time_zone = zone;
END//
CREATE PROCEDURE distributed_lock_release_85469abb(IN ids LONGBLOB, IN of_owner VARBINARY(32), IN refuses BOOLEAN, IN keep_us BIGINT, IN tolerance_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE was_wait INT DEFAULT @@session.innodb_lock_wait_timeout;
  DECLARE last_token, now_us BIGINT;
  DECLARE capacity INT;
  DECLARE holders, line, refused LONGBLOB;
  DECLARE one VARBINARY(1024);
  DECLARE id VARBINARY(512);
  DECLARE held BIGINT;
  DECLARE at INT;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
    ROLLBACK;
    SET SESSION innodb_lock_wait_timeout = was_wait;
    RESIGNAL;
  END;
  SET SESSION innodb_lock_wait_timeout = 2;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  START TRANSACTION;
  WHILE ids <> '' DO
    SET one = SUBSTRING_INDEX(ids, ' ', 1), ids = SUBSTRING(ids, LENGTH(one) + 2), id = UNHEX(one);
    CALL distributed_lock_load_85469abb(id, refuses, last_token, capacity, holders, line, refused, now_us);
    IF capacity IS NOT NULL THEN
      CALL distributed_lock_drop_ended_85469abb(holders, refused, held, now_us);
      CALL distributed_lock_remove_85469abb(holders, line, held, of_owner, IF(keep_us > 0, now_us + keep_us, 0));
      IF refuses THEN
        SET at = LOCATE(CONCAT('o', of_owner), refused);
        IF at > 0 THEN SET refused = INSERT(refused, at, 49, ''); END IF;
        SET refused = CONCAT(refused, 'o', of_owner, LPAD(now_us + 10000000, 16, '0'));
      END IF;
      CALL distributed_lock_settle_85469abb(line, capacity - held, now_us);
      CALL distributed_lock_save_85469abb(id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
    END IF;
  END WHILE;
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
END//
CREATE PROCEDURE distributed_lock_remove_85469abb(INOUT holders LONGBLOB, INOUT line LONGBLOB, INOUT held BIGINT, IN of_owner VARBINARY(32), IN kept_until BIGINT)
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
END//
CREATE PROCEDURE distributed_lock_renew_85469abb(IN leases LONGBLOB, IN tolerance_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE was_wait INT DEFAULT @@session.innodb_lock_wait_timeout;
  DECLARE last_token, now_us, number BIGINT;
  DECLARE capacity INT;
  DECLARE holders, line, refused LONGBLOB;
  DECLARE answer LONGBLOB DEFAULT '';
  DECLARE one VARBINARY(1200);
  DECLARE id VARBINARY(512);
  DECLARE at INT;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
    ROLLBACK;
    SET SESSION innodb_lock_wait_timeout = was_wait;
    RESIGNAL;
  END;
  SET SESSION innodb_lock_wait_timeout = 2;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  START TRANSACTION;
  WHILE leases <> '' DO
    SET one = SUBSTRING_INDEX(leases, ',', 1), leases = SUBSTRING(leases, LENGTH(one) + 2), number = 0;
    SET id = UNHEX(SUBSTRING_INDEX(one, ' ', 1));
    CALL distributed_lock_load_85469abb(id, FALSE, last_token, capacity, holders, line, refused, now_us);
    SET at = IF(capacity IS NULL, 0, LOCATE(CONCAT('o', SUBSTRING_INDEX(SUBSTRING_INDEX(one, ' ', 2), ' ', -1)), holders));
    IF at > 0 AND CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED) > now_us THEN
      SET number = GREATEST(CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED) - now_us, CAST(SUBSTRING_INDEX(one, ' ', -1) AS SIGNED));
      SET holders = INSERT(holders, at + 60, 16, LPAD(now_us + number, 16, '0'));
      CALL distributed_lock_save_85469abb(id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
    END IF;
    SET answer = CONCAT(answer, IF(answer = '', '', ' '), number);
  END WHILE;
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
  SELECT answer;
END//
CREATE PROCEDURE distributed_lock_save_85469abb(IN of_id VARBINARY(512), IN last_token BIGINT, IN capacity INT, IN holders LONGBLOB, IN line LONGBLOB, IN refused LONGBLOB, IN now_us BIGINT, IN tolerance_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE at INT DEFAULT 1;
  DECLARE until_us BIGINT DEFAULT now_us;
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
END//
CREATE PROCEDURE distributed_lock_settle_85469abb(INOUT line LONGBLOB, IN free BIGINT, IN now_us BIGINT)
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
    IF CAST(SUBSTRING(line, at + 27, 16) AS SIGNED) + 1000000 <= now_us THEN SET line = INSERT(line, at, 1, 'z'); END IF;
    SET at = LOCATE('k', line, at + 1);
  END WHILE;
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
    IF NOT is_prefix THEN SET at = GREATEST(LOCATE('z', line, at), 33) - 33; END IF;
  END WHILE;
END//
CREATE PROCEDURE distributed_lock_sweep_85469abb(IN after_id VARBINARY(512), IN most INT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE now_us BIGINT;
  DECLARE scanned, deleted INT;
  DECLARE last_id, one, orphan VARBINARY(512);
  DECLARE limit_rows INT DEFAULT most;
  DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
  CALL distributed_lock_now_85469abb(now_us);
  SELECT COUNT(*), MAX(s.id) INTO scanned, last_id
  FROM (SELECT t.id FROM distributed_lock t WHERE t.id > after_id ORDER BY t.id LIMIT most) s;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  DELETE t FROM distributed_lock t JOIN (
    SELECT d.id FROM distributed_lock d WHERE d.id > after_id AND d.id <= last_id AND d.kept_until_us < now_us
  ) doomed ON doomed.id = t.id
  WHERE t.kept_until_us < now_us;
  SET deleted = ROW_COUNT(), one = after_id;
  orphans: LOOP
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    START TRANSACTION;
    SET orphan = NULL;
    SELECT e.id INTO orphan FROM distributed_lock_exclusive e
    WHERE e.id > one AND (scanned < limit_rows OR e.id <= last_id)
      AND NOT EXISTS (SELECT 1 FROM distributed_lock t WHERE t.id = e.id)
    ORDER BY e.id LIMIT 1 FOR UPDATE SKIP LOCKED;
    SET one = orphan;
    DELETE FROM distributed_lock_exclusive WHERE id = one;
    COMMIT;
    SET most = most - 1;
    IF one IS NULL OR most <= 0 THEN LEAVE orphans; END IF;
  END LOOP;
  SELECT scanned, deleted, HEX(last_id);
END//
CREATE PROCEDURE distributed_lock_take_85469abb(INOUT last_token BIGINT, INOUT capacity INT, INOUT holders LONGBLOB, INOUT line LONGBLOB, INOUT refused LONGBLOB, IN now_us BIGINT, IN of_owner VARBINARY(32), IN of_capacity INT, IN of_weight INT, IN lease_us BIGINT, IN takes_place BOOLEAN, IN replaces VARBINARY(32), IN least_token BIGINT, OUT what INT, OUT token BIGINT, OUT number BIGINT)
SQL SECURITY INVOKER NO SQL
take: BEGIN
  DECLARE held BIGINT;
  DECLARE at INT;
  DECLARE may_hold BOOLEAN;
  DECLARE us VARBINARY(16) DEFAULT LPAD(now_us, 16, '0');
  DECLARE record VARBINARY(33) DEFAULT CONCAT('o', of_owner);
  CALL distributed_lock_drop_ended_85469abb(holders, refused, held, now_us);
  IF LOCATE(record, refused) > 0 THEN
    SET what = 3, number = 0;
    LEAVE take;
  END IF;
  IF capacity <> of_capacity AND (holders <> '' OR line <> '') THEN
    CALL distributed_lock_settle_85469abb(line, capacity - held, now_us);
    IF holders <> '' OR line <> '' THEN
      SET what = 2, number = capacity;
      LEAVE take;
    END IF;
  END IF;
  IF replaces <> '' THEN CALL distributed_lock_remove_85469abb(holders, line, held, replaces, 0); END IF;
  SET at = LOCATE(record, line);
  IF at > 0 THEN
    SET line = INSERT(line, at + 33, 1, IF(SUBSTRING(line, at + 33, 1) = 'k', 'k', 'w'));
    SET line = INSERT(line, at + 44, 32, CONCAT(us, us));
  END IF;
  CALL distributed_lock_settle_85469abb(line, capacity - held, now_us);
  SET at = LOCATE(record, holders);
  IF at > 0 THEN
    SET token = CAST(SUBSTRING(holders, at + 44, 16) AS SIGNED);
    IF token < least_token THEN
      SET token = IF(token = last_token, least_token, GREATEST(least_token, last_token + 64));
      SET last_token = token, holders = INSERT(holders, at + 44, 16, LPAD(token, 16, '0'));
    END IF;
    SET what = 0, number = CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED) - now_us;
    LEAVE take;
  END IF;
  SET at = LOCATE(record, line);
  IF at > 0 THEN
    SET may_hold = SUBSTRING(line, at + 33, 1) = 'k';
  ELSE
    CALL distributed_lock_would_hold_85469abb(line, of_capacity - held, of_weight, may_hold);
  END IF;
  IF may_hold THEN
    IF at > 0 THEN SET line = INSERT(line, at, 76, ''); END IF;
    SET last_token = GREATEST(last_token + 64, now_us, least_token), capacity = of_capacity;
    SET holders = CONCAT(holders, record, 'h', LPAD(of_weight, 10, '0'), LPAD(last_token, 16, '0'), LPAD(now_us + lease_us, 16, '0'));
    SET what = 0, token = last_token, number = lease_us;
    LEAVE take;
  END IF;
  IF at = 0 AND takes_place THEN
    SET capacity = of_capacity, line = CONCAT(line, record, 'w', LPAD(of_weight, 10, '0'), us, REPEAT('0', 16));
  END IF;
  SET what = 1;
  CALL distributed_lock_first_change_85469abb(holders, line, now_us, number);
END//
CREATE PROCEDURE distributed_lock_unlock_row_85469abb()
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DO RELEASE_ALL_LOCKS();
  ROLLBACK;
  SET SESSION wait_timeout = @@global.wait_timeout;
END//
CREATE PROCEDURE distributed_lock_would_hold_85469abb(IN line LONGBLOB, IN free BIGINT, IN weight INT, OUT may_hold BOOLEAN)
SQL SECURITY INVOKER NO SQL
BEGIN
  DECLARE at INT DEFAULT 1;
  SET free = free - weight;
  WHILE at <= LENGTH(line) AND free >= 0 DO
    IF SUBSTRING(line, at + 33, 1) <> 'z' THEN SET free = free - CAST(SUBSTRING(line, at + 34, 10) AS SIGNED); END IF;
    SET at = at + 76;
  END WHILE;
  SET may_hold = free >= 0;
END//
DELIMITER ;
