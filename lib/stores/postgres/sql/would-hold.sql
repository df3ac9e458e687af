--- Would the request hold if it were made now? For several keys that are all taken or none; the row has been settled.
-- @arg  s            distributed_lock  The row.
-- @arg  of_owner     uuid              Whose request.
-- @arg  of_capacity  integer           How much the key holds.
-- @arg  of_weight    integer           What is taken of it.
-- @return  boolean
-- @needs  held-weight
CREATE OR REPLACE FUNCTION distributed_lock_would_hold(s distributed_lock, of_owner uuid, of_capacity integer, of_weight integer)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF of_owner = ANY (s.refused_owner) THEN RETURN false; END IF;
  IF of_owner = ANY (s.holder_owner) THEN RETURN true; END IF;
  IF s.capacity <> of_capacity AND (s.holder_owner <> '{}' OR s.line_owner <> '{}') THEN RETURN false; END IF;
  RETURN distributed_lock_held_weight(s, true) + of_weight <= of_capacity;
END $$;
