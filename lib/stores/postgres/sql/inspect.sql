--- Who holds a key and how many wait; locks and changes nothing.
-- @arg  of_key  bytea  The key.
-- @return  text  The capacity and how many wait, then owner ('-': nobody), token, weight and rest of the lease in microseconds of each holder; spaces between. Null where nobody ever held it.
-- @call
-- @needs  now-us
CREATE OR REPLACE FUNCTION distributed_lock_inspect(of_key bytea) RETURNS text
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
$$;
