--- Passes over who did not come, and calls exactly the longest prefix of the line that fits beside the holders.
--
--   waits ──in the prefix──► called ──CLAIM_US──► asleep ──looks──► waits, first again
--   called ──the prefix became shorter──► waits
--   waits, asleep ──SILENT_US without a look──► gone
--
-- @arg  s       distributed_lock  The row.
-- @arg  now_us  bigint            The moment of the command.
-- @arg  asker   uuid              Needs no message: it is being answered. Null for none.
-- @return  distributed_lock
-- @needs  notify leave-line held-weight
CREATE OR REPLACE FUNCTION distributed_lock_settle(s distributed_lock, now_us bigint, asker uuid) RETURNS distributed_lock
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  claim_us CONSTANT bigint := 1000000;
  silent_us CONSTANT bigint := 3000000;
  -- Arrays of their own: what stands in a row is unpacked anew for each element.
  called bigint[] := s.line_called_us;
  looked bigint[] := s.line_looked_us;
  weights integer[] := s.line_weight;
  free bigint;
  rest bigint;
  gone integer[] := '{}';
  is_prefix boolean := true;
BEGIN
  IF called = '{}' THEN RETURN s; END IF;
  free := s.capacity - distributed_lock_held_weight(s, false);
  rest := free;
  FOR i IN 1 .. cardinality(called) LOOP
    IF called[i] > 0 AND called[i] + claim_us <= now_us THEN called[i] := -1; END IF;
    -- Clears the calls behind the first that fits no more, before the prefix is drawn anew: one that is silent must not end it.
    IF called[i] >= 0 THEN
      rest := rest - weights[i];
      IF rest < 0 THEN called[i] := 0; END IF;
    END IF;
  END LOOP;
  FOR i IN 1 .. cardinality(called) LOOP
    IF called[i] = -1 THEN
      IF looked[i] + silent_us <= now_us THEN gone := gone || i; END IF;
    ELSIF is_prefix THEN
      IF called[i] = 0 AND looked[i] + silent_us <= now_us THEN
        gone := gone || i;
      ELSIF weights[i] > free THEN
        -- Behind the prefix nobody is called, or looked at.
        is_prefix := false;
      ELSE
        free := free - weights[i];
        IF called[i] = 0 THEN
          called[i] := now_us;
          IF s.line_owner[i] IS DISTINCT FROM asker THEN
            PERFORM distributed_lock_notify(s.line_session[i], 'called', s.line_owner[i]);
          END IF;
        END IF;
      END IF;
    END IF;
  END LOOP;
  s.line_called_us := called;
  IF gone <> '{}' THEN s := distributed_lock_leave_line(s, gone); END IF;
  RETURN s;
END $$;
