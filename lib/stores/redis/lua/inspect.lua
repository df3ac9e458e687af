--- Who holds the key, and how many wait; changes nothing.
-- @key   state  The first string of the lock key.
-- @return (number | string)[]  Capacity (0: not in use), number of those who wait, then of each holder owner ('' for what remains of a min hold time), token, weight, rest of the lease in microseconds.
-- @include time
-- @include holders
local s, problem = load_state(KEYS[1], 1, now_us(), true)
if not s then return problem end
local view = { 0, s.waiting }

local function add(owner, token, weight, ends)
  if ends <= s.now then return end
  if string.sub(owner, 1, 1) == '~' then owner = '' end
  for _, value in ipairs({ owner, token, weight, ends - s.now }) do view[#view + 1] = value end
end

if s.owner ~= '-' then add(s.owner, s.token, s.weight, s.ends) end
if s.further > 0 then
  for _, owner in ipairs(redis.call('ZRANGE', KEYS[1] .. ':ends', 0, -1)) do
    local r = read_record(s, owner)
    if r then add(owner, r.order, r.weight, r.at) end
  end
end
if #view > 2 or s.waiting > 0 then view[1] = s.capacity end
return view
