--- The row of a key, locked, and made where there is none. The first that any command does with a key; its clock is read after it.
-- @arg  of_id       IN VARBINARY(512)  The key.
-- @arg  makes       IN BOOLEAN          Whether it is made; capacity is null where it is not there.
-- @arg  last_token  OUT BIGINT          The row.
-- @arg  capacity    OUT INT             The row.
-- @arg  holders     OUT LONGBLOB        The row.
-- @arg  line        OUT LONGBLOB        The row.
-- @arg  refused     OUT LONGBLOB        The row.
-- @arg  now_us      OUT BIGINT          The moment of the command.
-- @needs  now
CREATE PROCEDURE distributed_lock_load(IN of_id VARBINARY(512), IN makes BOOLEAN, OUT last_token BIGINT, OUT capacity INT, OUT holders LONGBLOB, OUT line LONGBLOB, OUT refused LONGBLOB, OUT now_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  SET capacity = NULL;
  attempts: LOOP
    SELECT t.last_token, t.capacity, t.holders, t.line, t.refused INTO last_token, capacity, holders, line, refused
    FROM distributed_lock t WHERE t.id = of_id FOR UPDATE;
    IF capacity IS NOT NULL OR NOT makes THEN LEAVE attempts; END IF;
    INSERT INTO distributed_lock (id, holders, line, refused) VALUES (of_id, '', '', '')
    ON DUPLICATE KEY UPDATE id = of_id;
  END LOOP;
  CALL distributed_lock_now(now_us);
END;
