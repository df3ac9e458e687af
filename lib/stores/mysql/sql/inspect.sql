--- Who holds a key and how many wait; locks and changes nothing.
-- @arg  of_id  IN VARBINARY(512)  The key.
-- @return  One row: capacity, how many wait, the holders as they are packed, and the moment; none where nobody ever held it.
-- @call
-- @needs  now
CREATE PROCEDURE distributed_lock_inspect(IN of_id VARBINARY(512))
SQL SECURITY INVOKER READS SQL DATA
BEGIN
  DECLARE now_us BIGINT;
  CALL distributed_lock_now(now_us);
  SELECT t.capacity, LENGTH(t.line) DIV 76, t.holders, now_us FROM distributed_lock t WHERE t.id = of_id;
END;
