--- The row of a key, locked, and made where there is none. The first that any command does with a key; its clock is read after it.
-- @arg  of_key  bytea  The key.
-- @return  distributed_lock
CREATE OR REPLACE FUNCTION distributed_lock_load(of_key bytea) RETURNS distributed_lock
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s distributed_lock;
BEGIN
  -- A row that is swept between the two statements is made again.
  FOR attempt IN 1 .. 100 LOOP
    SELECT * INTO s FROM distributed_lock t WHERE t.key = of_key FOR UPDATE;
    IF FOUND THEN RETURN s; END IF;
    INSERT INTO distributed_lock (key) VALUES (of_key) ON CONFLICT DO NOTHING;
  END LOOP;
  RAISE serialization_failure USING MESSAGE = 'the row of a lock was swept too often';
END $$;
