--- One row for each key: its whole state. Times are microseconds of the server's clock since 1970.
-- Holders, line and refusals are packed: records of one length, whose numbers are decimal digits from the left. A row of one
-- holder has about 120 bytes and its key; each waiter adds 76.
--
--   holders   'o' owner (32) 'h' weight (10) token (16) end (16), in no order; an owner of 32 '-' is nobody
--   line      'o' owner (32) state (1) weight (10) looked (16) called (16), in order of arrival;
--             the state is 'w' waits, 'k' called, 'z' asleep: letters that no other field has
--   refused   'o' owner (32) until (16)
CREATE TABLE IF NOT EXISTS distributed_lock (
  id VARBINARY(512) NOT NULL PRIMARY KEY,
  last_token BIGINT NOT NULL DEFAULT 0,
  kept_until_us BIGINT NOT NULL DEFAULT 0,
  capacity INT NOT NULL DEFAULT 0,
  holders LONGBLOB NOT NULL,
  line LONGBLOB NOT NULL,
  refused LONGBLOB NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
