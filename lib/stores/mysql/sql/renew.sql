--- Lengthens leases, each to at least its time from now; never shortens one, never brings one back.
-- @arg  leases        IN LONGBLOB  Of each: the key in hexadecimal, owner, lease in microseconds (0 only asks); spaces between, and a ',' after each. Sorted by key.
-- @arg  tolerance_us  IN BIGINT    How long the last token outlives everything else, in microseconds.
-- @return  One row: the rest of each lease in microseconds, 0 where the owner does not hold; spaces between.
-- @call
-- @needs  load save
CREATE PROCEDURE distributed_lock_renew(IN leases LONGBLOB, IN tolerance_us BIGINT)
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
    CALL distributed_lock_load(id, FALSE, last_token, capacity, holders, line, refused, now_us);
    SET at = IF(capacity IS NULL, 0, LOCATE(CONCAT('o', SUBSTRING_INDEX(SUBSTRING_INDEX(one, ' ', 2), ' ', -1)), holders));
    IF at > 0 AND CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED) > now_us THEN
      SET number = GREATEST(CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED) - now_us, CAST(SUBSTRING_INDEX(one, ' ', -1) AS SIGNED));
      SET holders = INSERT(holders, at + 60, 16, LPAD(now_us + number, 16, '0'));
      CALL distributed_lock_save(id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
    END IF;
    SET answer = CONCAT(answer, IF(answer = '', '', ' '), number);
  END WHILE;
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
  SELECT answer;
END;
