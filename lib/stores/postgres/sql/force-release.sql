--- Ends every hold of a key, also what remains of a minimal hold time, and tells the holders.
-- @arg  of_key        bytea   The key.
-- @arg  tolerance_us  bigint  How long the last token outlives everything else, in microseconds.
-- @return  text  '1' where there was a hold, else '0'.
-- @call
-- @needs  now-us notify save drop-ended settle
CREATE OR REPLACE FUNCTION distributed_lock_force_release(of_key bytea, tolerance_us bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  s distributed_lock;
  was distributed_lock;
  now_us bigint;
  had_holders boolean;
BEGIN
  SELECT * INTO was FROM distributed_lock t WHERE t.key = of_key FOR UPDATE;
  IF NOT FOUND THEN RETURN '0'; END IF;
  now_us := distributed_lock_now_us();
  s := distributed_lock_drop_ended(was, now_us);
  had_holders := s.holder_owner <> '{}';
  PERFORM distributed_lock_notify(h.session, 'gone', h.owner)
  FROM unnest(s.holder_owner, s.holder_session) AS h (owner, session)
  WHERE h.owner <> '00000000-0000-0000-0000-000000000000';
  s.holder_owner := '{}';
  s.holder_session := '{}';
  s.holder_weight := '{}';
  s.holder_token := '{}';
  s.holder_ends_us := '{}';
  s := distributed_lock_settle(s, now_us, NULL);
  PERFORM distributed_lock_save(s, was, now_us, tolerance_us);
  RETURN had_holders::integer;
END $$;
