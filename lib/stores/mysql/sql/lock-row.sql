--- Locks the row of a key in a transaction that stays open: one that it opens, or, where it waits, the one that is open.
-- @arg  of_id    IN VARBINARY(512)  The key.
-- @arg  of_name  IN VARBINARY(64)   By this name the connection is found, should somebody end it by force.
-- @arg  idle_s   IN INT             The server ends the connection when it is idle for so long, in seconds.
-- @arg  waits    IN BOOLEAN         Whether it waits for who has it.
-- @return  One row: 'locked' and the owner that the last transaction left on record ('-': none); 'busy' and the rest of the lease on record in microseconds ('-': none); or 'missing' where there is no row. A space between.
-- @call
-- @needs  now
CREATE PROCEDURE distributed_lock_lock_row(IN of_id VARBINARY(512), IN of_name VARBINARY(64), IN idle_s INT, IN waits BOOLEAN)
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
    -- As long as it takes.
    SET SESSION innodb_lock_wait_timeout = 100000000;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    START TRANSACTION READ WRITE;
    SELECT 1 INTO found FROM distributed_lock_exclusive t WHERE t.id = of_id FOR UPDATE SKIP LOCKED;
  END IF;
  -- TRANSACTION_CAPACITY: what a lease holds is not for us to replace.
  SELECT t.holders INTO holder FROM distributed_lock t WHERE t.id = of_id AND t.capacity = 1000000001;
  -- As a statement of its own: within an expression the server would wait for the row.
  IF found IS NULL THEN SELECT 1 INTO is_there FROM distributed_lock_exclusive t WHERE t.id = of_id; END IF;
  IF found IS NOT NULL THEN
    DO GET_LOCK(of_name, 1);
    SET answer = CONCAT('locked ', IF(holder = '', '-', SUBSTRING(holder, 2, 32)));
  ELSEIF is_there IS NOT NULL THEN
    CALL distributed_lock_now(now_us);
    SET answer = CONCAT('busy ', IF(holder = '', '-', CAST(SUBSTRING(holder, 61, 16) AS SIGNED) - now_us));
  ELSE
    SET answer = 'missing';
  END IF;
  SELECT answer;
END;
