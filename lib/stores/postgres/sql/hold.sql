--- The request holds, with a new block of tokens.
-- @arg  s            distributed_lock  The row.
-- @arg  now_us       bigint            The moment of the command.
-- @arg  of_owner     uuid              Whose request.
-- @arg  of_session   bigint            Where its messages go.
-- @arg  of_capacity  integer           How much the key holds.
-- @arg  of_weight    integer           What is taken of it.
-- @arg  lease_us     bigint            The lease from now.
-- @arg  least_token  bigint            The least that the token may be, or null.
-- @return  distributed_lock
-- @needs  leave-line
CREATE OR REPLACE FUNCTION distributed_lock_hold(
  s distributed_lock, now_us bigint, of_owner uuid, of_session bigint, of_capacity integer, of_weight integer, lease_us bigint,
  least_token bigint)
RETURNS distributed_lock
LANGUAGE plpgsql STABLE AS $$
DECLARE
  at integer := array_position(s.line_owner, of_owner);
BEGIN
  IF at IS NOT NULL THEN s := distributed_lock_leave_line(s, ARRAY[at]); END IF;
  -- TOKEN_BLOCK.
  s.last_token := greatest(s.last_token + 64, now_us, least_token);
  s.capacity := of_capacity;
  s.holder_owner := s.holder_owner || of_owner;
  s.holder_session := s.holder_session || of_session;
  s.holder_weight := s.holder_weight || of_weight;
  s.holder_token := s.holder_token || s.last_token;
  s.holder_ends_us := s.holder_ends_us || (now_us + lease_us);
  RETURN s;
END $$;
