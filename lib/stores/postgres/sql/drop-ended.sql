--- Drops holders whose lease has ended, and refusals that are over.
-- @arg  s       distributed_lock  The row.
-- @arg  now_us  bigint            The moment of the command.
-- @return  distributed_lock
CREATE OR REPLACE FUNCTION distributed_lock_drop_ended(s distributed_lock, now_us bigint) RETURNS distributed_lock
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF now_us >= ANY (s.holder_ends_us) THEN
    SELECT coalesce(array_agg(h.owner), '{}'), coalesce(array_agg(h.session), '{}'), coalesce(array_agg(h.weight), '{}'),
      coalesce(array_agg(h.token), '{}'), coalesce(array_agg(h.ends_us), '{}')
    INTO s.holder_owner, s.holder_session, s.holder_weight, s.holder_token, s.holder_ends_us
    FROM unnest(s.holder_owner, s.holder_session, s.holder_weight, s.holder_token, s.holder_ends_us)
      AS h (owner, session, weight, token, ends_us)
    WHERE h.ends_us > now_us;
  END IF;
  IF now_us >= ANY (s.refused_until_us) THEN
    SELECT coalesce(array_agg(r.owner), '{}'), coalesce(array_agg(r.until_us), '{}')
    INTO s.refused_owner, s.refused_until_us
    FROM unnest(s.refused_owner, s.refused_until_us) AS r (owner, until_us)
    WHERE r.until_us > now_us;
  END IF;
  RETURN s;
END $$;
