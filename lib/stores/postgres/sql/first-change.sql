--- When the first lease or claim ends, in microseconds from now: until then only a command changes anything. -1: never.
-- @arg  s       distributed_lock  The row.
-- @arg  now_us  bigint            The moment of the command.
-- @return  bigint
CREATE OR REPLACE FUNCTION distributed_lock_first_change(s distributed_lock, now_us bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT coalesce(greatest(0, least(
    (SELECT min(ends_us) FROM unnest(s.holder_ends_us) AS ends_us),
    (SELECT min(called_us) FROM unnest(s.line_called_us) AS called_us WHERE called_us > 0) + 1000000) - now_us), -1)
$$;
