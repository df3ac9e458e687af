--- Leaves: ends the hold of each key, or withdraws from its line. Of a stranger, or a second time, it changes nothing.
-- @arg  keys          bytea[]  Sorted.
-- @arg  of_owner      uuid     Who leaves.
-- @arg  refuses       boolean  Whether its id is refused for a while, so that a command under way makes no ghost.
-- @arg  keep_us       bigint   How long the hold stays as nobody's, in microseconds; 0 for none.
-- @arg  tolerance_us  bigint   How long the last token outlives everything else, in microseconds.
-- @return  text  Empty.
-- @call
-- @needs  now-us load save drop-ended settle remove
CREATE OR REPLACE FUNCTION distributed_lock_release(
  keys bytea[], of_owner uuid, refuses boolean, keep_us bigint, tolerance_us bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  s distributed_lock;
  was distributed_lock;
  now_us bigint;
  one bytea;
  at integer;
BEGIN
  FOREACH one IN ARRAY keys LOOP
    IF refuses THEN
      was := distributed_lock_load(one);
    ELSE
      SELECT * INTO was FROM distributed_lock t WHERE t.key = one FOR UPDATE;
      CONTINUE WHEN NOT FOUND;
    END IF;
    now_us := distributed_lock_now_us();
    -- The fast path: the only one there leaves, and nothing but the last token is left.
    IF NOT refuses AND keep_us = 0
      AND was.holder_owner = ARRAY[of_owner] AND was.line_owner = '{}' AND was.refused_owner = '{}' THEN
      UPDATE distributed_lock t SET kept_until_us = now_us + tolerance_us, holder_owner = '{}', holder_session = '{}',
        holder_weight = '{}', holder_token = '{}', holder_ends_us = '{}'
      WHERE t.key = one;
      CONTINUE;
    END IF;
    s := distributed_lock_drop_ended(was, now_us);
    s := distributed_lock_remove(s, of_owner, CASE WHEN keep_us > 0 THEN now_us + keep_us ELSE 0 END);
    IF refuses THEN
      at := coalesce(array_position(s.refused_owner, of_owner), cardinality(s.refused_owner) + 1);
      s.refused_owner[at] := of_owner;
      -- REFUSED_MS.
      s.refused_until_us[at] := now_us + 10000000;
    END IF;
    s := distributed_lock_settle(s, now_us, NULL);
    PERFORM distributed_lock_save(s, was, now_us, tolerance_us);
  END LOOP;
  RETURN '';
END $$;
