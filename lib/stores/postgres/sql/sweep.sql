--- Deletes rows in which nothing counts any more, among the next few of the table, and with them the rows that transactions
-- lock. A row that somebody uses is left for another time.
-- @arg  after_key  bytea    The last key that was looked at; empty to begin.
-- @arg  most       integer  How many to look at.
-- @return  text  How many were looked at and how many deleted, then the last key in hexadecimal; spaces between.
-- @call
-- @needs  now-us
CREATE OR REPLACE FUNCTION distributed_lock_sweep(after_key bytea, most integer) RETURNS text
LANGUAGE sql VOLATILE AS $$
  WITH scanned AS MATERIALIZED (
    SELECT t.key, t.kept_until_us FROM distributed_lock t WHERE t.key > after_key ORDER BY t.key LIMIT most
  ), doomed AS MATERIALIZED (
    SELECT t.key FROM distributed_lock t
    WHERE t.key = ANY (ARRAY(SELECT c.key FROM scanned c WHERE c.kept_until_us < distributed_lock_now_us()))
      AND t.kept_until_us < distributed_lock_now_us()
    FOR UPDATE SKIP LOCKED
  ), deleted AS (
    DELETE FROM distributed_lock t USING doomed d WHERE t.key = d.key RETURNING 1
  ), orphans AS MATERIALIZED (
    SELECT e.key FROM distributed_lock_exclusive e
    WHERE e.key > after_key AND ((SELECT count(*) FROM scanned) < most OR e.key <= (SELECT c.key FROM scanned c ORDER BY c.key DESC LIMIT 1))
      AND NOT EXISTS (SELECT FROM distributed_lock t WHERE t.key = e.key)
    ORDER BY e.key LIMIT most FOR UPDATE SKIP LOCKED
  ), freed AS (
    DELETE FROM distributed_lock_exclusive e USING orphans o WHERE e.key = o.key RETURNING 1
  )
  SELECT concat_ws(' ', (SELECT count(*) FROM scanned), (SELECT count(*) FROM deleted),
    (SELECT encode(c.key, 'hex') FROM scanned c ORDER BY c.key DESC LIMIT 1))
$$;
