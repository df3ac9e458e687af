--- Takes the places at some positions out of the line.
-- @arg  s   distributed_lock  The row.
-- @arg  at  integer[]         Their positions, from 1.
-- @return  distributed_lock
CREATE OR REPLACE FUNCTION distributed_lock_leave_line(s distributed_lock, at integer[]) RETURNS distributed_lock
LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT coalesce(array_agg(w.owner ORDER BY w.place), '{}'), coalesce(array_agg(w.session ORDER BY w.place), '{}'),
    coalesce(array_agg(w.weight ORDER BY w.place), '{}'), coalesce(array_agg(w.looked_us ORDER BY w.place), '{}'),
    coalesce(array_agg(w.called_us ORDER BY w.place), '{}')
  INTO s.line_owner, s.line_session, s.line_weight, s.line_looked_us, s.line_called_us
  FROM unnest(s.line_owner, s.line_session, s.line_weight, s.line_looked_us, s.line_called_us)
    WITH ORDINALITY AS w (owner, session, weight, looked_us, called_us, place)
  WHERE w.place <> ALL (at);
  RETURN s;
END $$;
