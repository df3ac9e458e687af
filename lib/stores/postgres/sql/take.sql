--- Holds one key, or takes a place in its line; the answer says what: 0 held (token, rest of the lease), 1 busy (microseconds
-- until a look pays, or -1), 2 conflict (the capacity in use), 3 refused.
-- @arg  s            distributed_lock  The row.
-- @arg  now_us       bigint            The moment of the command.
-- @arg  of_owner     uuid              Whose request.
-- @arg  of_session   bigint            Where its messages go.
-- @arg  of_capacity  integer           How much the key holds.
-- @arg  of_weight    integer           What is taken of it.
-- @arg  lease_us     bigint            The lease from now.
-- @arg  takes_place  boolean           Whether it joins the line.
-- @arg  replaces     uuid              The owner that yields to this one, or null.
-- @arg  least_token  bigint            The least that the token may be, or null.
-- @return  record  s, what, token, number
-- @needs  drop-ended settle remove held-weight first-change hold
CREATE OR REPLACE FUNCTION distributed_lock_take(
  INOUT s distributed_lock, now_us bigint, of_owner uuid, of_session bigint, of_capacity integer, of_weight integer, lease_us bigint,
  takes_place boolean, replaces uuid, least_token bigint, OUT what integer, OUT token bigint, OUT number bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  at integer;
  may_hold boolean;
BEGIN
  s := distributed_lock_drop_ended(s, now_us);
  IF of_owner = ANY (s.refused_owner) THEN
    what := 3; number := 0;
    RETURN;
  END IF;
  IF s.capacity <> of_capacity AND (s.holder_owner <> '{}' OR s.line_owner <> '{}') THEN
    s := distributed_lock_settle(s, now_us, NULL);
    IF s.holder_owner <> '{}' OR s.line_owner <> '{}' THEN
      what := 2; number := s.capacity;
      RETURN;
    END IF;
  END IF;
  IF replaces IS NOT NULL THEN s := distributed_lock_remove(s, replaces, 0); END IF;
  -- The asker is alive, whatever was thought of it; noted before it could be passed over by its own look. Whether its
  -- session hears may have changed since it came.
  at := array_position(s.line_owner, of_owner);
  IF at IS NOT NULL THEN
    s.line_session[at] := of_session;
    s.line_looked_us[at] := now_us;
    s.line_called_us[at] := CASE WHEN s.line_called_us[at] > 0 THEN now_us ELSE 0 END;
  END IF;
  s := distributed_lock_settle(s, now_us, of_owner);
  at := array_position(s.holder_owner, of_owner);
  IF at IS NOT NULL THEN
    -- A token that is too small gives way to a greater one, whose block nobody else was granted: TOKEN_BLOCK.
    IF s.holder_token[at] < least_token THEN
      IF s.holder_token[at] <> s.last_token THEN least_token := greatest(least_token, s.last_token + 64); END IF;
      s.holder_token[at] := least_token;
      s.last_token := least_token;
    END IF;
    what := 0; token := s.holder_token[at]; number := s.holder_ends_us[at] - now_us;
    RETURN;
  END IF;
  at := array_position(s.line_owner, of_owner);
  -- One that waits holds when it is called; a stranger stands behind everybody who is awake.
  IF at IS NOT NULL THEN
    may_hold := s.line_called_us[at] > 0;
  ELSE
    may_hold := distributed_lock_held_weight(s, true) + of_weight <= of_capacity;
  END IF;
  IF may_hold THEN
    s := distributed_lock_hold(s, now_us, of_owner, of_session, of_capacity, of_weight, lease_us, least_token);
    what := 0; token := s.last_token; number := lease_us;
    RETURN;
  END IF;
  IF at IS NULL AND takes_place THEN
    s.capacity := of_capacity;
    s.line_owner := s.line_owner || of_owner;
    s.line_session := s.line_session || of_session;
    s.line_weight := s.line_weight || of_weight;
    s.line_looked_us := s.line_looked_us || now_us;
    s.line_called_us := s.line_called_us || 0::bigint;
  END IF;
  what := 1; number := distributed_lock_first_change(s, now_us);
END $$;
