--- Lengthens leases, each to at least its time from now; never shortens one, never brings one back.
-- @arg  keys          bytea[]   Of each lease; the rows are locked in their order, whatever the order here.
-- @arg  owners        uuid[]    Of each lease.
-- @arg  leases_us     bigint[]  In microseconds; 0 only asks.
-- @arg  tolerance_us  bigint    How long the last token outlives everything else, in microseconds.
-- @return  text  The rest of each lease in microseconds, 0 where the owner does not hold; spaces between.
-- @call
-- @needs  now-us save
CREATE OR REPLACE FUNCTION distributed_lock_renew(keys bytea[], owners uuid[], leases_us bigint[], tolerance_us bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  s distributed_lock;
  was distributed_lock;
  now_us bigint;
  i integer;
  at integer;
  rests bigint[] := array_fill(0::bigint, ARRAY[cardinality(keys)]);
BEGIN
  FOR i IN SELECT k.place FROM unnest(keys) WITH ORDINALITY AS k (key, place) ORDER BY k.key, k.place LOOP
    SELECT * INTO was FROM distributed_lock t WHERE t.key = keys[i] FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    now_us := distributed_lock_now_us();
    at := array_position(was.holder_owner, owners[i]);
    CONTINUE WHEN at IS NULL OR was.holder_ends_us[at] <= now_us;
    s := was;
    s.holder_ends_us[at] := greatest(s.holder_ends_us[at], now_us + leases_us[i]);
    PERFORM distributed_lock_save(s, was, now_us, tolerance_us);
    rests[i] := s.holder_ends_us[at] - now_us;
  END LOOP;
  RETURN array_to_string(rests, ' ');
END $$;
