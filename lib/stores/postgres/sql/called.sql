--- Which of these waiters are called: the poll of a process that hears no messages. Locks and changes nothing.
-- @arg  keys    bytea[]  What they wait for.
-- @arg  owners  uuid[]   Who they are.
-- @return  text  Their owners; spaces between. Null for none.
-- @call
CREATE OR REPLACE FUNCTION distributed_lock_called(keys bytea[], owners uuid[]) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT string_agg(replace(w.owner::text, '-', ''), ' ')
  FROM distributed_lock t, unnest(t.line_owner, t.line_called_us) AS w (owner, called_us)
  WHERE t.key = ANY (keys) AND w.called_us > 0 AND w.owner = ANY (owners)
$$;
