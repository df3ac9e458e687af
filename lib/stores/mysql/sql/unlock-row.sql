--- Ends the transaction that has a row locked; the connection may then be idle for as long as any other.
-- @return  Nothing.
-- @call
CREATE PROCEDURE distributed_lock_unlock_row()
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  -- Before the row is free: the next one takes the name with it.
  DO RELEASE_ALL_LOCKS();
  ROLLBACK;
  SET SESSION wait_timeout = @@global.wait_timeout;
END;
