--- Writes a row back, where the command has changed it.
-- @arg  s             distributed_lock  The row as it is now.
-- @arg  was           distributed_lock  The row as it was loaded.
-- @arg  now_us        bigint            The moment of the command.
-- @arg  tolerance_us  bigint            How long the last token outlives everything else.
-- @return  void
CREATE OR REPLACE FUNCTION distributed_lock_save(s distributed_lock, was distributed_lock, now_us bigint, tolerance_us bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF s IS NOT DISTINCT FROM was THEN RETURN; END IF;
  s.kept_until_us := now_us;
  IF s.holder_ends_us <> '{}' THEN
    s.kept_until_us := greatest(s.kept_until_us, (SELECT max(ends_us) FROM unnest(s.holder_ends_us) AS ends_us));
  END IF;
  IF s.line_looked_us <> '{}' THEN
    -- SILENT_US.
    s.kept_until_us := greatest(s.kept_until_us, (SELECT max(us) FROM unnest(s.line_looked_us) AS us) + 3000000);
  END IF;
  IF s.refused_until_us <> '{}' THEN
    s.kept_until_us := greatest(s.kept_until_us, (SELECT max(us) FROM unnest(s.refused_until_us) AS us));
  END IF;
  UPDATE distributed_lock t SET
    last_token = s.last_token, kept_until_us = s.kept_until_us + tolerance_us, capacity = s.capacity,
    holder_owner = s.holder_owner, holder_session = s.holder_session, holder_weight = s.holder_weight,
    holder_token = s.holder_token, holder_ends_us = s.holder_ends_us,
    line_owner = s.line_owner, line_session = s.line_session, line_weight = s.line_weight,
    line_looked_us = s.line_looked_us, line_called_us = s.line_called_us,
    refused_owner = s.refused_owner, refused_until_us = s.refused_until_us
  WHERE t.key = s.key;
END $$;
