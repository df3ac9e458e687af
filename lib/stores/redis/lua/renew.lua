--- Lengthens leases, each to at least its time from now; never shortens one, never brings one back.
-- @key   first        The first string of a lock key.
-- @keys  others       The same of further ones.
-- @arg   toleranceMs  integer  How long the last token outlives everything else, in milliseconds.
-- @arg   isFull       string   '1' where the server has refused this command because its memory is full, else '0'.
-- @args  leases       value    Of each key: owner, then the lease in microseconds; 0 only asks.
-- @return number[]  The rest of each lease in microseconds; 0 where the owner does not hold.
-- @include time
-- @include holders
local function renew(s, owner, lease)
  local is_inline = s.owner == owner
  local r = not is_inline and s.further > 0 and read_record(s, owner)
  if not is_inline and not (r and r.kind == 'h') then return 0 end
  local ends = is_inline and s.ends or r.at
  if ends <= s.now then return 0 end
  if s.now + lease <= ends then return ends - s.now end
  ends = s.now + lease
  s.ends_by, s.dirty = math.max(s.ends_by, ends), true
  if is_inline then
    s.ends = ends
  else
    r.at = ends
    write_record(s, r)
    redis.call('ZADD', s.key .. ':ends', string.format('%.0f', ends), owner)
  end
  return lease
end

write_though_full(KEYS[1], ARGV[2])
local now, rests = now_us(), {}
for index, key in ipairs(KEYS) do
  -- Where something foreign stands nothing is held any more: the others are renewed all the same.
  local s, problem = load_state(key, index, now, true)
  if s then
    rests[index] = renew(s, ARGV[index * 2 + 1], tonumber(ARGV[index * 2 + 2]))
    save_state(s, tonumber(ARGV[1]))
  elseif string.find(problem.err, 'FOREIGN', 1, true) then
    rests[index] = 0
  else
    return problem
  end
end
return rests
