--- Locks the row of a key for the transaction that is open.
-- @arg  of_key  bytea    The key.
-- @arg  waits   boolean  Whether it waits for who has it.
-- @return  text  'locked' and the owner that the last transaction left on record ('-': none); 'busy' and the rest of the lease on record in microseconds ('-': none); or 'missing' where there is no row. A space between.
-- @call
-- @needs  now-us
CREATE OR REPLACE FUNCTION distributed_lock_lock_row(of_key bytea, waits boolean) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  seed bigint;
  on_record uuid;
  ends_us bigint;
BEGIN
  IF waits THEN
    SELECT t.tableoid::bigint INTO seed FROM distributed_lock_exclusive t WHERE t.key = of_key FOR UPDATE;
  ELSE
    SELECT t.tableoid::bigint INTO seed FROM distributed_lock_exclusive t WHERE t.key = of_key FOR UPDATE SKIP LOCKED;
  END IF;
  IF NOT FOUND AND NOT EXISTS (SELECT FROM distributed_lock_exclusive t WHERE t.key = of_key) THEN RETURN 'missing'; END IF;
  -- TRANSACTION_CAPACITY: what a lease holds is not for us to replace.
  SELECT t.holder_owner[1], t.holder_ends_us[1] INTO on_record, ends_us
  FROM distributed_lock t WHERE t.key = of_key AND t.capacity = 1000000001;
  IF seed IS NULL THEN RETURN 'busy ' || coalesce((ends_us - distributed_lock_now_us())::text, '-'); END IF;
  -- By this name end_holder finds the backend.
  PERFORM pg_try_advisory_xact_lock(hashtextextended(encode(of_key, 'hex'), seed));
  RETURN 'locked ' || coalesce(replace(on_record::text, '-', ''), '-');
END $$;
