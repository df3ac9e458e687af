--- Makes the row that transactions lock, where there is none. Committed before anybody waits for it.
-- @arg  of_id  IN VARBINARY(512)  The key.
-- @return  Nothing.
-- @call
CREATE PROCEDURE distributed_lock_make_row(IN of_id VARBINARY(512))
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  DECLARE was_wait INT DEFAULT @@session.innodb_lock_wait_timeout;
  DECLARE is_there INT DEFAULT NULL;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
    SET SESSION innodb_lock_wait_timeout = was_wait;
    RESIGNAL;
  END;
  SET SESSION innodb_lock_wait_timeout = 1;
  BEGIN
    -- Somebody else has made it meanwhile, and locked it.
    DECLARE EXIT HANDLER FOR 1205, 1062 BEGIN END;
    DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
    SELECT 1 INTO is_there FROM distributed_lock_exclusive t WHERE t.id = of_id;
    IF is_there IS NULL THEN INSERT INTO distributed_lock_exclusive (id) VALUES (of_id); END IF;
  END;
  SET SESSION innodb_lock_wait_timeout = was_wait;
END;
