--- One row for each key that transactions lock: whoever has the row locked holds the key. Nothing else stands in it, since what
-- an open transaction writes nobody else sees; what the holder tells of itself stands in the key's row of the other table.
CREATE TABLE IF NOT EXISTS distributed_lock_exclusive (
  key bytea PRIMARY KEY
);
