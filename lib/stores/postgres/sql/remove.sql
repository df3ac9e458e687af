--- The owner leaves: its hold ends, or stays for a while as nobody's; or its place goes.
-- @arg  s           distributed_lock  The row.
-- @arg  of_owner    uuid              Who.
-- @arg  kept_until  bigint            Until when the hold stays under no owner; 0 where it does not.
-- @return  distributed_lock
-- @needs  leave-line
CREATE OR REPLACE FUNCTION distributed_lock_remove(s distributed_lock, of_owner uuid, kept_until bigint)
RETURNS distributed_lock
LANGUAGE plpgsql STABLE AS $$
DECLARE
  at integer := array_position(s.line_owner, of_owner);
BEGIN
  IF at IS NOT NULL THEN s := distributed_lock_leave_line(s, ARRAY[at]); END IF;
  at := array_position(s.holder_owner, of_owner);
  IF at IS NULL THEN RETURN s; END IF;
  IF kept_until > 0 THEN
    s.holder_owner[at] := '00000000-0000-0000-0000-000000000000';
    s.holder_ends_us[at] := kept_until;
    RETURN s;
  END IF;
  s.holder_owner := s.holder_owner[:at - 1] || s.holder_owner[at + 1:];
  s.holder_session := s.holder_session[:at - 1] || s.holder_session[at + 1:];
  s.holder_weight := s.holder_weight[:at - 1] || s.holder_weight[at + 1:];
  s.holder_token := s.holder_token[:at - 1] || s.holder_token[at + 1:];
  s.holder_ends_us := s.holder_ends_us[:at - 1] || s.holder_ends_us[at + 1:];
  RETURN s;
END $$;
