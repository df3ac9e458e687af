--- Leaves: ends the hold of each key, or withdraws from its line. Of a stranger, or a second time, it changes nothing.
-- @arg  ids           IN LONGBLOB       The keys in hexadecimal, with a space after each; sorted.
-- @arg  of_owner      IN VARBINARY(32)  Who leaves.
-- @arg  refuses       IN BOOLEAN        Whether its id is refused for a while, so that a command under way makes no ghost.
-- @arg  keep_us       IN BIGINT         How long the hold stays as nobody's, in microseconds; 0 for none.
-- @arg  tolerance_us  IN BIGINT         How long the last token outlives everything else, in microseconds.
-- @return  Nothing.
-- @call
-- @needs  load drop-ended remove settle save
CREATE PROCEDURE distributed_lock_release(IN ids LONGBLOB, IN of_owner VARBINARY(32), IN refuses BOOLEAN, IN keep_us BIGINT, IN tolerance_us BIGINT)
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
    CALL distributed_lock_load(id, refuses, last_token, capacity, holders, line, refused, now_us);
    IF capacity IS NOT NULL THEN
      CALL distributed_lock_drop_ended(holders, refused, held, now_us);
      CALL distributed_lock_remove(holders, line, held, of_owner, IF(keep_us > 0, now_us + keep_us, 0));
      IF refuses THEN
        SET at = LOCATE(CONCAT('o', of_owner), refused);
        IF at > 0 THEN SET refused = INSERT(refused, at, 49, ''); END IF;
        -- REFUSED_US.
        SET refused = CONCAT(refused, 'o', of_owner, LPAD(now_us + 10000000, 16, '0'));
      END IF;
      CALL distributed_lock_settle(line, capacity - held, now_us);
      CALL distributed_lock_save(id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
    END IF;
  END WHILE;
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
END;
