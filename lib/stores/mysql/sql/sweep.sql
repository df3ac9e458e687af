--- Deletes rows in which nothing counts any more, among the next few of the table, and with them the rows that transactions
-- lock. A row that is locked is left for another time.
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
  DECLARE last_id, one, orphan VARBINARY(512);
  DECLARE limit_rows INT DEFAULT most;
  DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
  CALL distributed_lock_now(now_us);
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
END;
