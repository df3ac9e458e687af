--- The server's clock, never a transaction's frozen one, in microseconds since 1970.
-- @return  bigint
CREATE OR REPLACE FUNCTION distributed_lock_now_us() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;
