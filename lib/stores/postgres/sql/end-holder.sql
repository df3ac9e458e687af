--- Ends the backend whose transaction has the row of a key locked, and waits until it is gone.
-- @arg  of_key  bytea  The key.
-- @return  text  '1' where there was one, else '0'.
-- @call
CREATE OR REPLACE FUNCTION distributed_lock_end_holder(of_key bytea) RETURNS text
LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(max(pg_terminate_backend(l.pid, 1000)::integer), 0)::text
  FROM pg_locks l
  JOIN (
    SELECT hashtextextended(encode(of_key, 'hex'), t.tableoid::bigint) AS hash
    FROM distributed_lock_exclusive t WHERE t.key = of_key
  ) named ON (l.classid::bigint << 32 | l.objid::bigint) = named.hash
  WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
$$;
