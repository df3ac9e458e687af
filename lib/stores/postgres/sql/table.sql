--- One row for each key: its whole state. Times are microseconds of the server's clock since 1970.
-- The holders stand in parallel arrays, in no order; the line too, in order of arrival. Fixed-width types keep a row
-- of one holder near 300 bytes, and add 44 bytes for each waiter.
CREATE TABLE IF NOT EXISTS distributed_lock (
  key bytea PRIMARY KEY,
  -- First token of the last block that was granted; 0 where none was.
  last_token bigint NOT NULL DEFAULT 0,
  -- When nothing in the row counts any more, and it may be swept.
  kept_until_us bigint NOT NULL DEFAULT 0,
  capacity integer NOT NULL DEFAULT 0,
  -- All zero: nobody's, what remains of a minimal hold time.
  holder_owner uuid[] NOT NULL DEFAULT '{}',
  -- Where messages go; negative where nothing is heard.
  holder_session bigint[] NOT NULL DEFAULT '{}',
  holder_weight integer[] NOT NULL DEFAULT '{}',
  holder_token bigint[] NOT NULL DEFAULT '{}',
  holder_ends_us bigint[] NOT NULL DEFAULT '{}',
  line_owner uuid[] NOT NULL DEFAULT '{}',
  line_session bigint[] NOT NULL DEFAULT '{}',
  line_weight integer[] NOT NULL DEFAULT '{}',
  -- When it last asked.
  line_looked_us bigint[] NOT NULL DEFAULT '{}',
  -- When it was told that it may hold; 0 where it was not, -1 where it was and did not come (asleep).
  line_called_us bigint[] NOT NULL DEFAULT '{}',
  refused_owner uuid[] NOT NULL DEFAULT '{}',
  refused_until_us bigint[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
