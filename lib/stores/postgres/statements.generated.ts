// Generated from ./sql/*.sql by `npm run generate`. Do not edit.
import { defineCall } from './call.js';

/** Stands in the name of every function: another version of the package brings its own, and both may run at once. */
export const REVISION = '5fb7f05e';

/** The tables: what stands behind the name of each (nothing behind the first), its columns with their types in order, what makes it. */
export const TABLES: readonly { readonly suffix: string; readonly columns: string; readonly sql: string }[] = [
  { suffix: '', columns: 'key bytea, last_token bigint, kept_until_us bigint, capacity integer, holder_owner uuid[], holder_session bigint[], holder_weight integer[], holder_token bigint[], holder_ends_us bigint[], line_owner uuid[], line_session bigint[], line_weight integer[], line_looked_us bigint[], line_called_us bigint[], refused_owner uuid[], refused_until_us bigint[]', sql: `CREATE TABLE IF NOT EXISTS distributed_lock (
  key bytea PRIMARY KEY,
  last_token bigint NOT NULL DEFAULT 0,
  kept_until_us bigint NOT NULL DEFAULT 0,
  capacity integer NOT NULL DEFAULT 0,
  holder_owner uuid[] NOT NULL DEFAULT '{}',
  holder_session bigint[] NOT NULL DEFAULT '{}',
  holder_weight integer[] NOT NULL DEFAULT '{}',
  holder_token bigint[] NOT NULL DEFAULT '{}',
  holder_ends_us bigint[] NOT NULL DEFAULT '{}',
  line_owner uuid[] NOT NULL DEFAULT '{}',
  line_session bigint[] NOT NULL DEFAULT '{}',
  line_weight integer[] NOT NULL DEFAULT '{}',
  line_looked_us bigint[] NOT NULL DEFAULT '{}',
  line_called_us bigint[] NOT NULL DEFAULT '{}',
  refused_owner uuid[] NOT NULL DEFAULT '{}',
  refused_until_us bigint[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);` },
  { suffix: 'exclusive', columns: 'key bytea', sql: `CREATE TABLE IF NOT EXISTS distributed_lock_exclusive (
  key bytea PRIMARY KEY
);` },
];

/** Makes the functions, each after those that it needs. */
export const FUNCTIONS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: 'now_us', sql: `CREATE OR REPLACE FUNCTION distributed_lock_now_us() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;` },
  { name: 'load', sql: `CREATE OR REPLACE FUNCTION distributed_lock_load(of_key bytea) RETURNS distributed_lock
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s distributed_lock;
BEGIN
  FOR attempt IN 1 .. 100 LOOP
    SELECT * INTO s FROM distributed_lock t WHERE t.key = of_key FOR UPDATE;
    IF FOUND THEN RETURN s; END IF;
    INSERT INTO distributed_lock (key) VALUES (of_key) ON CONFLICT DO NOTHING;
  END LOOP;
  RAISE serialization_failure USING MESSAGE = 'the row of a lock was swept too often';
END $$;` },
  { name: 'save', sql: `CREATE OR REPLACE FUNCTION distributed_lock_save(s distributed_lock, was distributed_lock, now_us bigint, tolerance_us bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF s IS NOT DISTINCT FROM was THEN RETURN; END IF;
  s.kept_until_us := now_us;
  IF s.holder_ends_us <> '{}' THEN
    s.kept_until_us := greatest(s.kept_until_us, (SELECT max(ends_us) FROM unnest(s.holder_ends_us) AS ends_us));
  END IF;
  IF s.line_looked_us <> '{}' THEN
    s.kept_until_us := greatest(s.kept_until_us, (SELECT max(us) FROM unnest(s.line_looked_us) AS us) + 3000000);
  END IF;
  IF s.refused_until_us <> '{}' THEN
    s.kept_until_us := greatest(s.kept_until_us, (SELECT max(us) FROM unnest(s.refused_until_us) AS us));
  END IF;
  UPDATE distributed_lock t SET
    last_token = s.last_token, kept_until_us = s.kept_until_us + tolerance_us, capacity = s.capacity,
    holder_owner = s.holder_owner, holder_session = s.holder_session, holder_weight = s.holder_weight,
    holder_token = s.holder_token, holder_ends_us = s.holder_ends_us,
    line_owner = s.line_owner, line_session = s.line_session, line_weight = s.line_weight,
    line_looked_us = s.line_looked_us, line_called_us = s.line_called_us,
    refused_owner = s.refused_owner, refused_until_us = s.refused_until_us
  WHERE t.key = s.key;
END $$;` },
  { name: 'drop_ended', sql: `CREATE OR REPLACE FUNCTION distributed_lock_drop_ended(s distributed_lock, now_us bigint) RETURNS distributed_lock
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF now_us >= ANY (s.holder_ends_us) THEN
    SELECT coalesce(array_agg(h.owner), '{}'), coalesce(array_agg(h.session), '{}'), coalesce(array_agg(h.weight), '{}'),
      coalesce(array_agg(h.token), '{}'), coalesce(array_agg(h.ends_us), '{}')
    INTO s.holder_owner, s.holder_session, s.holder_weight, s.holder_token, s.holder_ends_us
    FROM unnest(s.holder_owner, s.holder_session, s.holder_weight, s.holder_token, s.holder_ends_us)
      AS h (owner, session, weight, token, ends_us)
    WHERE h.ends_us > now_us;
  END IF;
  IF now_us >= ANY (s.refused_until_us) THEN
    SELECT coalesce(array_agg(r.owner), '{}'), coalesce(array_agg(r.until_us), '{}')
    INTO s.refused_owner, s.refused_until_us
    FROM unnest(s.refused_owner, s.refused_until_us) AS r (owner, until_us)
    WHERE r.until_us > now_us;
  END IF;
  RETURN s;
END $$;` },
  { name: 'notify', sql: `CREATE OR REPLACE FUNCTION distributed_lock_notify(session bigint, kind text, owner uuid) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF session >= 0 THEN
    PERFORM pg_notify('nestjs-distributed-lock:' || session, kind || ' ' || replace(owner::text, '-', ''));
  END IF;
END $$;` },
  { name: 'leave_line', sql: `CREATE OR REPLACE FUNCTION distributed_lock_leave_line(s distributed_lock, at integer[]) RETURNS distributed_lock
LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT coalesce(array_agg(w.owner ORDER BY w.place), '{}'), coalesce(array_agg(w.session ORDER BY w.place), '{}'),
    coalesce(array_agg(w.weight ORDER BY w.place), '{}'), coalesce(array_agg(w.looked_us ORDER BY w.place), '{}'),
    coalesce(array_agg(w.called_us ORDER BY w.place), '{}')
  INTO s.line_owner, s.line_session, s.line_weight, s.line_looked_us, s.line_called_us
  FROM unnest(s.line_owner, s.line_session, s.line_weight, s.line_looked_us, s.line_called_us)
    WITH ORDINALITY AS w (owner, session, weight, looked_us, called_us, place)
  WHERE w.place <> ALL (at);
  RETURN s;
END $$;` },
  { name: 'held_weight', sql: `CREATE OR REPLACE FUNCTION distributed_lock_held_weight(s distributed_lock, awake_too boolean) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  held bigint := 0;
BEGIN
  IF s.holder_weight <> '{}' THEN held := (SELECT sum(w) FROM unnest(s.holder_weight) AS w); END IF;
  IF awake_too AND s.line_weight <> '{}' THEN
    held := held + coalesce((
      SELECT sum(l.weight) FROM unnest(s.line_weight, s.line_called_us) AS l (weight, called_us) WHERE l.called_us >= 0), 0);
  END IF;
  RETURN held;
END $$;` },
  { name: 'settle', sql: `CREATE OR REPLACE FUNCTION distributed_lock_settle(s distributed_lock, now_us bigint, asker uuid) RETURNS distributed_lock
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  claim_us CONSTANT bigint := 1000000;
  silent_us CONSTANT bigint := 3000000;
  called bigint[] := s.line_called_us;
  looked bigint[] := s.line_looked_us;
  weights integer[] := s.line_weight;
  free bigint;
  rest bigint;
  gone integer[] := '{}';
  is_prefix boolean := true;
BEGIN
  IF called = '{}' THEN RETURN s; END IF;
  free := s.capacity - distributed_lock_held_weight(s, false);
  rest := free;
  FOR i IN 1 .. cardinality(called) LOOP
    IF called[i] > 0 AND called[i] + claim_us <= now_us THEN called[i] := -1; END IF;
    IF called[i] >= 0 THEN
      rest := rest - weights[i];
      IF rest < 0 THEN called[i] := 0; END IF;
    END IF;
  END LOOP;
  FOR i IN 1 .. cardinality(called) LOOP
    IF called[i] = -1 THEN
      IF looked[i] + silent_us <= now_us THEN gone := gone || i; END IF;
    ELSIF is_prefix THEN
      IF called[i] = 0 AND looked[i] + silent_us <= now_us THEN
        gone := gone || i;
      ELSIF weights[i] > free THEN
        is_prefix := false;
      ELSE
        free := free - weights[i];
        IF called[i] = 0 THEN
          called[i] := now_us;
          IF s.line_owner[i] IS DISTINCT FROM asker THEN
            PERFORM distributed_lock_notify(s.line_session[i], 'called', s.line_owner[i]);
          END IF;
        END IF;
      END IF;
    END IF;
  END LOOP;
  s.line_called_us := called;
  IF gone <> '{}' THEN s := distributed_lock_leave_line(s, gone); END IF;
  RETURN s;
END $$;` },
  { name: 'would_hold', sql: `CREATE OR REPLACE FUNCTION distributed_lock_would_hold(s distributed_lock, of_owner uuid, of_capacity integer, of_weight integer)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF of_owner = ANY (s.refused_owner) THEN RETURN false; END IF;
  IF of_owner = ANY (s.holder_owner) THEN RETURN true; END IF;
  IF s.capacity <> of_capacity AND (s.holder_owner <> '{}' OR s.line_owner <> '{}') THEN RETURN false; END IF;
  RETURN distributed_lock_held_weight(s, true) + of_weight <= of_capacity;
END $$;` },
  { name: 'remove', sql: `CREATE OR REPLACE FUNCTION distributed_lock_remove(s distributed_lock, of_owner uuid, kept_until bigint)
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
END $$;` },
  { name: 'first_change', sql: `CREATE OR REPLACE FUNCTION distributed_lock_first_change(s distributed_lock, now_us bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT coalesce(greatest(0, least(
    (SELECT min(ends_us) FROM unnest(s.holder_ends_us) AS ends_us),
    (SELECT min(called_us) FROM unnest(s.line_called_us) AS called_us WHERE called_us > 0) + 1000000) - now_us), -1)
$$;` },
  { name: 'hold', sql: `CREATE OR REPLACE FUNCTION distributed_lock_hold(
  s distributed_lock, now_us bigint, of_owner uuid, of_session bigint, of_capacity integer, of_weight integer, lease_us bigint,
  least_token bigint)
RETURNS distributed_lock
LANGUAGE plpgsql STABLE AS $$
DECLARE
  at integer := array_position(s.line_owner, of_owner);
BEGIN
  IF at IS NOT NULL THEN s := distributed_lock_leave_line(s, ARRAY[at]); END IF;
  s.last_token := greatest(s.last_token + 64, now_us, least_token);
  s.capacity := of_capacity;
  s.holder_owner := s.holder_owner || of_owner;
  s.holder_session := s.holder_session || of_session;
  s.holder_weight := s.holder_weight || of_weight;
  s.holder_token := s.holder_token || s.last_token;
  s.holder_ends_us := s.holder_ends_us || (now_us + lease_us);
  RETURN s;
END $$;` },
  { name: 'take', sql: `CREATE OR REPLACE FUNCTION distributed_lock_take(
  INOUT s distributed_lock, now_us bigint, of_owner uuid, of_session bigint, of_capacity integer, of_weight integer, lease_us bigint,
  takes_place boolean, replaces uuid, least_token bigint, OUT what integer, OUT token bigint, OUT number bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  at integer;
  may_hold boolean;
BEGIN
  s := distributed_lock_drop_ended(s, now_us);
  IF of_owner = ANY (s.refused_owner) THEN
    what := 3; number := 0;
    RETURN;
  END IF;
  IF s.capacity <> of_capacity AND (s.holder_owner <> '{}' OR s.line_owner <> '{}') THEN
    s := distributed_lock_settle(s, now_us, NULL);
    IF s.holder_owner <> '{}' OR s.line_owner <> '{}' THEN
      what := 2; number := s.capacity;
      RETURN;
    END IF;
  END IF;
  IF replaces IS NOT NULL THEN s := distributed_lock_remove(s, replaces, 0); END IF;
  at := array_position(s.line_owner, of_owner);
  IF at IS NOT NULL THEN
    s.line_session[at] := of_session;
    s.line_looked_us[at] := now_us;
    s.line_called_us[at] := CASE WHEN s.line_called_us[at] > 0 THEN now_us ELSE 0 END;
  END IF;
  s := distributed_lock_settle(s, now_us, of_owner);
  at := array_position(s.holder_owner, of_owner);
  IF at IS NOT NULL THEN
    IF s.holder_token[at] < least_token THEN
      IF s.holder_token[at] <> s.last_token THEN least_token := greatest(least_token, s.last_token + 64); END IF;
      s.holder_token[at] := least_token;
      s.last_token := least_token;
    END IF;
    what := 0; token := s.holder_token[at]; number := s.holder_ends_us[at] - now_us;
    RETURN;
  END IF;
  at := array_position(s.line_owner, of_owner);
  IF at IS NOT NULL THEN
    may_hold := s.line_called_us[at] > 0;
  ELSE
    may_hold := distributed_lock_held_weight(s, true) + of_weight <= of_capacity;
  END IF;
  IF may_hold THEN
    s := distributed_lock_hold(s, now_us, of_owner, of_session, of_capacity, of_weight, lease_us, least_token);
    what := 0; token := s.last_token; number := lease_us;
    RETURN;
  END IF;
  IF at IS NULL AND takes_place THEN
    s.capacity := of_capacity;
    s.line_owner := s.line_owner || of_owner;
    s.line_session := s.line_session || of_session;
    s.line_weight := s.line_weight || of_weight;
    s.line_looked_us := s.line_looked_us || now_us;
    s.line_called_us := s.line_called_us || 0::bigint;
  END IF;
  what := 1; number := distributed_lock_first_change(s, now_us);
END $$;` },
  { name: 'acquire', sql: `CREATE OR REPLACE FUNCTION distributed_lock_acquire(
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
END $$;` },
  { name: 'called', sql: `CREATE OR REPLACE FUNCTION distributed_lock_called(keys bytea[], owners uuid[]) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT concat_ws(' ', coalesce(sum(t.last_token), 0), string_agg(c.mine, ' '))
  FROM distributed_lock t
  LEFT JOIN LATERAL (
    SELECT string_agg(replace(w.owner::text, '-', ''), ' ') AS mine
    FROM unnest(t.line_owner, t.line_called_us) AS w (owner, called_us)
    WHERE w.called_us > 0 AND w.owner = ANY (owners)
  ) c ON true
  WHERE t.key = ANY (keys)
$$;` },
  { name: 'end_holder', sql: `CREATE OR REPLACE FUNCTION distributed_lock_end_holder(of_key bytea) RETURNS text
LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(max(pg_terminate_backend(l.pid, 1000)::integer), 0)::text
  FROM pg_locks l
  JOIN (
    SELECT hashtextextended(encode(of_key, 'hex'), t.tableoid::bigint) AS hash
    FROM distributed_lock_exclusive t WHERE t.key = of_key
  ) named ON (l.classid::bigint << 32 | l.objid::bigint) = named.hash
  WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
$$;` },
  { name: 'force_release', sql: `CREATE OR REPLACE FUNCTION distributed_lock_force_release(of_key bytea, tolerance_us bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  s distributed_lock;
  was distributed_lock;
  now_us bigint;
  had_holders boolean;
BEGIN
  SELECT * INTO was FROM distributed_lock t WHERE t.key = of_key FOR UPDATE;
  IF NOT FOUND THEN RETURN '0'; END IF;
  now_us := distributed_lock_now_us();
  s := distributed_lock_drop_ended(was, now_us);
  had_holders := s.holder_owner <> '{}';
  PERFORM distributed_lock_notify(h.session, 'gone', h.owner)
  FROM unnest(s.holder_owner, s.holder_session) AS h (owner, session)
  WHERE h.owner <> '00000000-0000-0000-0000-000000000000';
  s.holder_owner := '{}';
  s.holder_session := '{}';
  s.holder_weight := '{}';
  s.holder_token := '{}';
  s.holder_ends_us := '{}';
  s := distributed_lock_settle(s, now_us, NULL);
  PERFORM distributed_lock_save(s, was, now_us, tolerance_us);
  RETURN had_holders::integer;
END $$;` },
  { name: 'inspect', sql: `CREATE OR REPLACE FUNCTION distributed_lock_inspect(of_key bytea) RETURNS text
LANGUAGE sql VOLATILE AS $$
  SELECT concat_ws(' ', CASE WHEN t.line_owner = '{}' AND count(h.token) = 0 THEN 0 ELSE t.capacity END, cardinality(t.line_owner),
    string_agg(concat_ws(' ', coalesce(nullif(replace(h.owner::text, '-', ''), repeat('0', 32)), '-'),
      h.token, h.weight, h.ends_us - n.us), ' ' ORDER BY h.token) FILTER (WHERE h.token IS NOT NULL))
  FROM distributed_lock t
  CROSS JOIN (SELECT distributed_lock_now_us() AS us) n
  LEFT JOIN LATERAL unnest(t.holder_owner, t.holder_weight, t.holder_token, t.holder_ends_us)
    AS h (owner, weight, token, ends_us) ON h.ends_us > n.us
  WHERE t.key = of_key
  GROUP BY t.key
$$;` },
  { name: 'lock_row', sql: `CREATE OR REPLACE FUNCTION distributed_lock_lock_row(of_key bytea, waits boolean) RETURNS text
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
  SELECT t.holder_owner[1], t.holder_ends_us[1] INTO on_record, ends_us
  FROM distributed_lock t WHERE t.key = of_key AND t.capacity = 1000000001;
  IF seed IS NULL THEN RETURN 'busy ' || coalesce((ends_us - distributed_lock_now_us())::text, '-'); END IF;
  PERFORM pg_try_advisory_xact_lock(hashtextextended(encode(of_key, 'hex'), seed));
  RETURN 'locked ' || coalesce(replace(on_record::text, '-', ''), '-');
END $$;` },
  { name: 'make_row', sql: `CREATE OR REPLACE FUNCTION distributed_lock_make_row(of_key bytea) RETURNS text
LANGUAGE sql VOLATILE AS $$
  INSERT INTO distributed_lock_exclusive (key) VALUES (of_key) ON CONFLICT DO NOTHING;
  SELECT '';
$$;` },
  { name: 'release', sql: `CREATE OR REPLACE FUNCTION distributed_lock_release(
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
      s.refused_until_us[at] := now_us + 10000000;
    END IF;
    s := distributed_lock_settle(s, now_us, NULL);
    PERFORM distributed_lock_save(s, was, now_us, tolerance_us);
  END LOOP;
  RETURN '';
END $$;` },
  { name: 'renew', sql: `CREATE OR REPLACE FUNCTION distributed_lock_renew(keys bytea[], owners uuid[], leases_us bigint[], tolerance_us bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' AS $$
DECLARE
  s distributed_lock;
  was distributed_lock;
  now_us bigint;
  i integer;
  at integer;
  rests bigint[] := array_fill(0::bigint, ARRAY[cardinality(keys)]);
BEGIN
  FOR i IN SELECT k.place FROM unnest(keys) WITH ORDINALITY AS k (key, place) ORDER BY k.key, k.place LOOP
    SELECT * INTO was FROM distributed_lock t WHERE t.key = keys[i] FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    now_us := distributed_lock_now_us();
    at := array_position(was.holder_owner, owners[i]);
    CONTINUE WHEN at IS NULL OR was.holder_ends_us[at] <= now_us;
    s := was;
    s.holder_ends_us[at] := greatest(s.holder_ends_us[at], now_us + leases_us[i]);
    PERFORM distributed_lock_save(s, was, now_us, tolerance_us);
    rests[i] := s.holder_ends_us[at] - now_us;
  END LOOP;
  RETURN array_to_string(rests, ' ');
END $$;` },
  { name: 'sweep', sql: `CREATE OR REPLACE FUNCTION distributed_lock_sweep(after_key bytea, most integer) RETURNS text
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
$$;` },
];

/**
 * Holds the keys, or takes a place in the line of the first that is busy. The same command asks for the first time,
 * looks again, and asks after a lost answer: for an owner that holds it changes nothing.
 */
export const acquire = defineCall<readonly [keys: readonly string[], ofOwner: string | null, ofSession: number, ofCapacity: number, ofWeight: number, leaseUs: number, takesPlace: boolean, replaces: string | null, leastTokens: readonly number[], toleranceUs: number]>({
  name: 'acquire',
  types: ['bytea[]', 'uuid', 'bigint', 'integer', 'integer', 'bigint', 'boolean', 'uuid', 'bigint[]', 'bigint'],
});

/** Which of these waiters are called: the poll of a process that hears no messages. Locks and changes nothing. */
export const called = defineCall<readonly [keys: readonly string[], owners: readonly string[]]>({
  name: 'called',
  types: ['bytea[]', 'uuid[]'],
});

/** Ends the backend whose transaction has the row of a key locked, and waits until it is gone. */
export const endHolder = defineCall<readonly [ofKey: string]>({
  name: 'end_holder',
  types: ['bytea'],
});

/** Ends every hold of a key, also what remains of a minimal hold time, and tells the holders. */
export const forceRelease = defineCall<readonly [ofKey: string, toleranceUs: number]>({
  name: 'force_release',
  types: ['bytea', 'bigint'],
});

/** Who holds a key and how many wait; locks and changes nothing. */
export const inspect = defineCall<readonly [ofKey: string]>({
  name: 'inspect',
  types: ['bytea'],
});

/** Locks the row of a key for the transaction that is open. */
export const lockRow = defineCall<readonly [ofKey: string, waits: boolean]>({
  name: 'lock_row',
  types: ['bytea', 'boolean'],
});

/** Makes the row that transactions lock, where there is none. Committed before anybody waits for it. */
export const makeRow = defineCall<readonly [ofKey: string]>({
  name: 'make_row',
  types: ['bytea'],
});

/** Leaves: ends the hold of each key, or withdraws from its line. Of a stranger, or a second time, it changes nothing. */
export const release = defineCall<readonly [keys: readonly string[], ofOwner: string | null, refuses: boolean, keepUs: number, toleranceUs: number]>({
  name: 'release',
  types: ['bytea[]', 'uuid', 'boolean', 'bigint', 'bigint'],
});

/** Lengthens leases, each to at least its time from now; never shortens one, never brings one back. */
export const renew = defineCall<readonly [keys: readonly string[], owners: readonly string[], leasesUs: readonly number[], toleranceUs: number]>({
  name: 'renew',
  types: ['bytea[]', 'uuid[]', 'bigint[]', 'bigint'],
});

/**
 * Deletes rows in which nothing counts any more, among the next few of the table, and with them the rows that transactions
 * lock. A row that somebody uses is left for another time.
 */
export const sweep = defineCall<readonly [afterKey: string, most: number]>({
  name: 'sweep',
  types: ['bytea', 'integer'],
});
