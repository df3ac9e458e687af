--- Requests of one key, one after the other: each holds it, or takes a place in its line. The same command asks for the first
-- time, looks again, and asks after a lost answer: for an owner that holds it changes nothing.
-- @arg  of_id         IN VARBINARY(512)  The key.
-- @arg  requests      IN LONGBLOB         Of each: owner, capacity, weight, lease in microseconds, 1 where it takes a place, the least that the token may be (0: any), the owner that yields to it or '-'; spaces between, and a ',' after each.
-- @arg  tolerance_us  IN BIGINT           How long the last token outlives everything else, in microseconds.
-- @return  For each, one row: what (0 held, 1 busy, 2 conflict, 3 refused), then for a hold 0, token and rest of the lease in microseconds, else the rest until a look pays in microseconds (busy; -1: unknown) or the capacity in use (conflict); spaces between, and a ',' after each.
-- @call
-- @needs  load take save
CREATE PROCEDURE distributed_lock_ask(IN of_id VARBINARY(512), IN requests LONGBLOB, IN tolerance_us BIGINT)
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
  CALL distributed_lock_load(of_id, TRUE, last_token, capacity, holders, line, refused, now_us);
  WHILE requests <> '' DO
    SET request = SUBSTRING_INDEX(requests, ',', 1), requests = SUBSTRING(requests, LENGTH(request) + 2);
    SET replaces = SUBSTRING_INDEX(request, ' ', -1);
    CALL distributed_lock_take(last_token, capacity, holders, line, refused, now_us,
      SUBSTRING_INDEX(request, ' ', 1),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 2), ' ', -1),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 3), ' ', -1),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 4), ' ', -1),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 5), ' ', -1),
      IF(replaces = '-', '', replaces),
      SUBSTRING_INDEX(SUBSTRING_INDEX(request, ' ', 6), ' ', -1), what, token, number);
    SET answer = CONCAT(answer, what, IF(what = 0, CONCAT(' 0 ', token), ''), ' ', number, ',');
  END WHILE;
  CALL distributed_lock_save(of_id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
  SELECT answer;
END;
