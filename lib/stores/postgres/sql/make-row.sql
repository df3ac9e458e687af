--- Makes the row that transactions lock, where there is none. Committed before anybody waits for it.
-- @arg  of_key  bytea  The key.
-- @return  text  Empty.
-- @call
CREATE OR REPLACE FUNCTION distributed_lock_make_row(of_key bytea) RETURNS text
LANGUAGE sql VOLATILE AS $$
  INSERT INTO distributed_lock_exclusive (key) VALUES (of_key) ON CONFLICT DO NOTHING;
  SELECT '';
$$;
