--- Holds the keys, or takes a place in the line of the first that is busy. The same command asks for the first time,
-- looks again, and asks after a lost answer: for an owner that holds it changes nothing.
-- @key   first         The first string of a lock key.
-- @keys  others        The same of further ones, sorted.
-- @arg   owner         string   Id of the request.
-- @arg   session       string   Where its messages go; '-' for none.
-- @arg   capacity      integer  How much each key holds.
-- @arg   weight        integer  What is taken of it.
-- @arg   leaseUs       integer  The lease from now, in microseconds.
-- @arg   manner        string   'line': a place at the first busy key. 'none': all keys or none. 'spin': up to the first busy key, no place.
-- @arg   replaces      string   The owner that yields to this one, or ''.
-- @arg   toleranceMs   integer  How long the last token outlives everything else, in milliseconds.
-- @args  leastTokens   value    Of each key, the least that the token may be; none where any is good.
-- @return number | number[]  The token, where the one key was free; else what (0 held, 1 busy, 2 conflict, 3 refused), the rest until a look pays in microseconds (busy; -1: unknown) or the capacity in use (conflict), then token and rest of the lease in microseconds of each key that is held.
-- @include acquire-free
-- @include line
local HELD, BUSY, CONFLICT, REFUSED = 0, 1, 2, 3
local owner, manner, replaces = ARGV[1], ARGV[6], ARGV[7]
local capacity, weight = tonumber(ARGV[3]), tonumber(ARGV[4])

local function is_refused(s)
  if s.refused_by <= s.now then return false end
  local refused_by = redis.call('GET', s.key .. ':refused:' .. owner)
  return refused_by and tonumber(refused_by) > s.now
end

local function hold(s, least)
  local token, lease = math.max(s.last + TOKEN_BLOCK, s.now, least), tonumber(ARGV[5])
  if s.asker then leave_line(s, s.asker) end
  add_holder(s, { owner = owner, session = ARGV[2], weight = weight, order = token, at = s.now + lease })
  s.capacity, s.last = capacity, token
  return HELD, token, lease
end

local function join(s)
  start_others(s)
  if s.waiting == s.asleep then s.fresh.line = true end
  s.place, s.waiting, s.capacity, s.dirty = s.place + 1, s.waiting + 1, capacity, true
  write_record(s, { owner = owner, kind = 'w', session = ARGV[2], weight = weight, order = s.place, at = s.now, called = 0 })
  redis.call('ZADD', s.key .. ':line', string.format('%.0f', s.place), owner)
end

local function acquire(s, least)
  if is_refused(s) then return REFUSED, 0 end
  drop_ended(s)
  if s.capacity ~= capacity and not is_idle(s) then
    settle(s)
    if not is_idle(s) then return CONFLICT, s.capacity end
  end
  local has_yielded = replaces ~= '' and remove_owner(s, replaces, 0)
  look(s, owner)
  settle(s)
  local token, rest = grant_of(s, owner)
  if token then return HELD, token < least and raise(s, owner, token, least) or token, rest end
  -- Who spins and yields gives the others a turn: without a line there is no other place to go to.
  if not (has_yielded and manner == 'spin') then
    if s.asker then
      if s.asker.called > 0 then return hold(s, least) end
    elseif fits_behind_all(s, weight, capacity) then
      return hold(s, least)
    elseif manner == 'line' then
      join(s)
    end
  end
  return BUSY, first_change(s)
end

local function would_hold(s)
  drop_ended(s)
  settle(s)
  if is_refused(s) then return false end
  if grant_of(s, owner) then return true end
  return (s.capacity == capacity or is_idle(s)) and fits_behind_all(s, weight, capacity)
end

local function acquire_all(states)
  local reply = { HELD, 0 }
  for index, s in ipairs(states) do
    local what, number, rest = acquire(s, tonumber(ARGV[8 + index] or 0))
    if what ~= HELD then
      reply[1], reply[2] = what, number
      break
    end
    reply[#reply + 1] = number
    reply[#reply + 1] = rest
  end
  return reply
end

-- Without a place nothing is kept that would have to be given back.
local function acquire_all_or_none(states)
  for _, s in ipairs(states) do
    if not would_hold(s) then
      local what, number = acquire(s, 0)
      if what == HELD then return { REFUSED, 0 } end
      return { what, number }
    end
  end
  return acquire_all(states)
end

-- Every key is loaded before the first is changed: a foreign value at the last leaves the first alone.
local now, states = now_us(), {}
for index, key in ipairs(KEYS) do
  local s, problem = load_state(key, index, now)
  if not s then return problem end
  states[index] = s
end
local reply = (manner == 'none' and #KEYS > 1) and acquire_all_or_none(states) or acquire_all(states)
for _, s in ipairs(states) do save_state(s, tonumber(ARGV[8])) end
return reply
