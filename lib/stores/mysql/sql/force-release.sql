--- Ends every hold of a key, also what remains of a minimal hold time.
-- @arg  of_id         IN VARBINARY(512)  The key.
-- @arg  tolerance_us  IN BIGINT           How long the last token outlives everything else, in microseconds.
-- @return  One row: 1 where there was a hold, else 0.
-- @call
-- @needs  load drop-ended settle save
CREATE PROCEDURE distributed_lock_force_release(IN of_id VARBINARY(512), IN tolerance_us BIGINT)
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
  CALL distributed_lock_load(of_id, FALSE, last_token, capacity, holders, line, refused, now_us);
  IF capacity IS NOT NULL THEN
    CALL distributed_lock_drop_ended(holders, refused, held, now_us);
    SET answer = holders <> '', holders = '';
    CALL distributed_lock_settle(line, capacity, now_us);
    CALL distributed_lock_save(of_id, last_token, capacity, holders, line, refused, now_us, tolerance_us);
  END IF;
  COMMIT;
  SET SESSION innodb_lock_wait_timeout = was_wait;
  SELECT answer;
END;
