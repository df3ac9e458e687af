--- Holds the keys, or takes a place in the line of the first that is busy. The same command asks for the first time,
-- looks again, and asks after a lost answer: for an owner that holds it changes nothing.
-- @arg  keys          bytea[]  Sorted, each once: everybody locks the rows in this order, so that nobody waits in a circle.
-- @arg  of_owner      uuid     Id of the request.
-- @arg  of_session    bigint   Where its messages go; negative for none.
-- @arg  of_capacity   integer  How much each key holds.
-- @arg  of_weight     integer  What is taken of it.
-- @arg  lease_us      bigint   The lease from now, in microseconds.
-- @arg  takes_place   boolean  A place at the first busy key; else all keys or none.
-- @arg  replaces      uuid     The owner that yields to this one, or null.
-- @arg  least_tokens  bigint[]  Of each key, the least that the token may be; empty where any is good.
-- @arg  tolerance_us  bigint   How long the last token outlives everything else, in microseconds.
-- @return  text  What (0 held, 1 busy, 2 conflict, 3 refused), the rest until a look pays in microseconds (busy; -1: unknown) or the capacity in use (conflict), then token and rest of the lease in microseconds of each key that is held; spaces between.
-- @call
-- @needs  now-us load save drop-ended settle would-hold take
CREATE OR REPLACE FUNCTION distributed_lock_acquire(
  keys bytea[], of_owner uuid, of_session bigint, of_capacity integer, of_weight integer, lease_us bigint, takes_place boolean,
  replaces uuid, least_tokens bigint[], tolerance_us bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  s distributed_lock;
  was distributed_lock;
  now_us bigint;
  r record;
  one bytea;
  i integer := 0;
  token bigint;
  is_obstructed boolean := false;
  grants text := '';
BEGIN
  IF NOT takes_place AND cardinality(keys) > 1 THEN
    -- Without a place nothing is kept that would have to be given back.
    FOREACH one IN ARRAY keys LOOP
      was := distributed_lock_load(one);
      now_us := distributed_lock_now_us();
      s := distributed_lock_settle(distributed_lock_drop_ended(was, now_us), now_us, NULL);
      PERFORM distributed_lock_save(s, was, now_us, tolerance_us);
      is_obstructed := NOT distributed_lock_would_hold(s, of_owner, of_capacity, of_weight);
      IF is_obstructed THEN
        keys := ARRAY[one];
        least_tokens := '{}';
        EXIT;
      END IF;
    END LOOP;
  END IF;
  FOREACH one IN ARRAY keys LOOP
    i := i + 1;
    was := distributed_lock_load(one);
    now_us := distributed_lock_now_us();
    -- The fast path: nobody holds, waits or is refused, so the request holds, as the general way would have it.
    IF was.holder_owner = '{}' AND was.line_owner = '{}' AND was.refused_owner = '{}' AND of_weight <= of_capacity THEN
      UPDATE distributed_lock t SET
        last_token = greatest(t.last_token + 64, now_us, least_tokens[i]), kept_until_us = now_us + lease_us + tolerance_us,
        capacity = of_capacity, holder_owner = ARRAY[of_owner], holder_session = ARRAY[of_session],
        holder_weight = ARRAY[of_weight], holder_token = ARRAY[greatest(t.last_token + 64, now_us, least_tokens[i])],
        holder_ends_us = ARRAY[now_us + lease_us]
      WHERE t.key = one RETURNING t.last_token INTO token;
      grants := grants || ' ' || token || ' ' || lease_us;
      CONTINUE;
    END IF;
    r := distributed_lock_take(
      was, now_us, of_owner, of_session, of_capacity, of_weight, lease_us, takes_place, replaces, least_tokens[i]);
    s := r.s;
    PERFORM distributed_lock_save(s, was, now_us, tolerance_us);
    IF r.what = 0 AND is_obstructed THEN RETURN '3 0'; END IF;
    IF r.what > 0 THEN RETURN r.what || ' ' || r.number || grants; END IF;
    grants := grants || ' ' || r.token || ' ' || r.number;
  END LOOP;
  RETURN '0 0' || grants;
END $$;
