--- Which of these waiters are called: the poll of a process that hears no messages. Locks and changes nothing.
-- @arg  keys    bytea[]  What they wait for.
-- @arg  owners  uuid[]   Who they are.
-- @return  text  A mark that changes when somebody is granted one of the keys, then the owners that are called; spaces between.
-- @call
CREATE OR REPLACE FUNCTION distributed_lock_called(keys bytea[], owners uuid[]) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT concat_ws(' ', coalesce(sum(t.last_token), 0), string_agg(c.mine, ' '))
  FROM distributed_lock t
  LEFT JOIN LATERAL (
    SELECT string_agg(replace(w.owner::text, '-', ''), ' ') AS mine
    FROM unnest(t.line_owner, t.line_called_us) AS w (owner, called_us)
    WHERE w.called_us > 0 AND w.owner = ANY (owners)
  ) c ON true
  WHERE t.key = ANY (keys)
$$;
