--- Holds several keys, or takes a place in the line of the first that is busy. For an owner that holds it changes nothing.
-- @arg  ids           IN LONGBLOB       The keys in hexadecimal, with a space after each; sorted, each once: everybody locks the rows in this order, so that nobody waits in a circle.
-- @arg  of_owner      IN VARBINARY(32)  Id of the request.
-- @arg  of_capacity   IN INT            How much each key holds.
-- @arg  of_weight     IN INT            What is taken of it.
-- @arg  lease_us      IN BIGINT         The lease from now, in microseconds.
-- @arg  takes_place   IN BOOLEAN        A place at the first busy key; else all keys or none.
-- @arg  least_tokens  IN LONGBLOB       Of each key, the least that the token may be, with a space after each; empty where any is good.
-- @arg  tolerance_us  IN BIGINT         How long the last token outlives everything else, in microseconds.
-- @return  One row: what (0 held, 1 busy, 2 conflict, 3 refused), a number as in ask, then token and rest of the lease in microseconds of each key that is held; spaces between.
-- @call
-- @needs  load drop-ended settle would-hold take save
CREATE PROCEDURE distributed_lock_acquire(IN ids LONGBLOB, IN of_owner VARBINARY(32), IN of_capacity INT, IN of_weight INT, IN lease_us BIGINT, IN takes_place BOOLEAN, IN least_tokens LONGBLOB, IN tolerance_us BIGINT)
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
  -- Without a place nothing is kept that would have to be given back.
  WHILE left_ids <> '' DO
    SET one = SUBSTRING_INDEX(left_ids, ' ', 1), left_ids = SUBSTRING(left_ids, LENGTH(one) + 2), id = UNHEX(one);
    CALL distributed_lock_load(id, TRUE, last_token, capacity, holders, line, refused, now_us);
    CALL distributed_lock_drop_ended(holders, refused, held, now_us);
    CALL distributed_lock_settle(line, capacity - held, now_us);
    CALL distributed_lock_save(id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
    IF LOCATE(record, refused) > 0 THEN
      SET may_hold = FALSE;
    ELSEIF LOCATE(record, holders) > 0 THEN
      SET may_hold = TRUE;
    ELSEIF capacity <> of_capacity AND (holders <> '' OR line <> '') THEN
      SET may_hold = FALSE;
    ELSE
      CALL distributed_lock_would_hold(line, of_capacity - held, of_weight, may_hold);
    END IF;
    IF NOT may_hold THEN SET ids = CONCAT(one, ' '), left_ids = '', least_tokens = ''; END IF;
  END WHILE;
  WHILE ids <> '' DO
    SET one = SUBSTRING_INDEX(ids, ' ', 1), ids = SUBSTRING(ids, LENGTH(one) + 2), id = UNHEX(one);
    SET least = SUBSTRING_INDEX(least_tokens, ' ', 1), least_tokens = SUBSTRING(least_tokens, LENGTH(least) + 2);
    CALL distributed_lock_load(id, TRUE, last_token, capacity, holders, line, refused, now_us);
    CALL distributed_lock_take(last_token, capacity, holders, line, refused, now_us, of_owner, of_capacity, of_weight,
      lease_us, takes_place, '', IF(least = '', 0, least), what, token, number);
    CALL distributed_lock_save(id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
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
END;
