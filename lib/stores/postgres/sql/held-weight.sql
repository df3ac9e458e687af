--- How much of a key is held; with `awake_too`, also what is waited for by everybody who is not asleep.
-- @arg  s          distributed_lock  The row.
-- @arg  awake_too  boolean           Whether the line counts.
-- @return  bigint
CREATE OR REPLACE FUNCTION distributed_lock_held_weight(s distributed_lock, awake_too boolean) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  held bigint := 0;
BEGIN
  IF s.holder_weight <> '{}' THEN held := (SELECT sum(w) FROM unnest(s.holder_weight) AS w); END IF;
  IF awake_too AND s.line_weight <> '{}' THEN
    held := held + coalesce((
      SELECT sum(l.weight) FROM unnest(s.line_weight, s.line_called_us) AS l (weight, called_us) WHERE l.called_us >= 0), 0);
  END IF;
  RETURN held;
END $$;
