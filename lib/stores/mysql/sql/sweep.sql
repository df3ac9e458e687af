--- Deletes rows in which nothing counts any more, among the next few of the table.
-- @arg  after_id  IN VARBINARY(512)  The last key that was looked at; empty to begin.
-- @arg  most      IN INT              How many to look at.
-- @return  One row: how many were looked at and how many deleted, then the last key in hexadecimal.
-- @call
-- @needs  now
CREATE PROCEDURE distributed_lock_sweep(IN after_id VARBINARY(512), IN most INT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE now_us BIGINT;
  DECLARE scanned, deleted INT;
  DECLARE last_id VARBINARY(512);
  CALL distributed_lock_now(now_us);
  SELECT COUNT(*), MAX(s.id) INTO scanned, last_id
  FROM (SELECT t.id FROM distributed_lock t WHERE t.id > after_id ORDER BY t.id LIMIT most) s;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  DELETE t FROM distributed_lock t JOIN (
    SELECT d.id FROM distributed_lock d WHERE d.id > after_id AND d.id <= last_id AND d.kept_until_us < now_us
  ) doomed ON doomed.id = t.id
  WHERE t.kept_until_us < now_us;
  SET deleted = ROW_COUNT();
  SELECT scanned, deleted, HEX(last_id);
END;
