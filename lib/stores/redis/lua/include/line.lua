-- @include holders
-- The line of a key, as the model says it:
--
--   stranger ──join──► waits ──settle──► called ──its own acquire──► holds
--   called ──CLAIM_US──► asleep ──its own acquire──► waits or called, first again
--   waits, asleep ──SILENT_US without a look──► stranger
--
-- Invariant: the called are the first `s.called` of the set `line`.
local function leave_line(s, r)
  redis.call('HDEL', s.key .. ':who', r.owner)
  s.waiting, s.dirty = s.waiting - 1, true
  if s.asker == r then s.asker = nil end
  if r.kind == 's' then
    redis.call('ZREM', s.key .. ':asleep', r.owner)
    s.asleep = s.asleep - 1
    return
  end
  redis.call('ZREM', s.key .. ':line', r.owner)
  if r.called == 0 then return end
  redis.call('ZREM', s.key .. ':called', r.owner)
  s.called, s.called_weight = s.called - 1, s.called_weight - r.weight
end

local function note_called(s, r)
  if s.called == 0 then s.fresh.called = true end
  if r.called == 0 then s.called, s.called_weight, s.dirty = s.called + 1, s.called_weight + r.weight, true end
  r.called = s.now
  redis.call('ZADD', s.key .. ':called', string.format('%.0f', s.now), r.owner)
  write_record(s, r)
end

local function note_uncalled(s, r)
  redis.call('ZREM', s.key .. ':called', r.owner)
  s.called, s.called_weight, s.dirty, r.called = s.called - 1, s.called_weight - r.weight, true, 0
end

local function fall_asleep(s, r)
  note_uncalled(s, r)
  if s.asleep == 0 then s.fresh.asleep = true end
  redis.call('ZREM', s.key .. ':line', r.owner)
  redis.call('ZADD', s.key .. ':asleep', string.format('%.0f', r.at), r.owner)
  s.asleep, r.kind = s.asleep + 1, 's'
  write_record(s, r)
end

-- First again. Among the called it is called too, for now: settling takes back, from the end, what no longer fits.
local function wake_up(s, r)
  if s.waiting == s.asleep then s.fresh.line = true end
  redis.call('ZREM', s.key .. ':asleep', r.owner)
  redis.call('ZADD', s.key .. ':line', string.format('%.0f', r.order), r.owner)
  s.asleep, r.kind, s.dirty = s.asleep - 1, 'w', true
  return s.called > 0 and redis.call('ZRANK', s.key .. ':line', r.owner) < s.called
end

-- The asker is alive, whatever was thought of it; noted before it could be passed over by its own look.
local function look(s, owner)
  local r = s.waiting > 0 and read_record(s, owner)
  if not r or r.kind == 'h' then return end
  s.asker, r.at = r, s.now
  local is_among_called = r.called > 0
  if r.kind == 's' then is_among_called = wake_up(s, r) end
  if is_among_called then note_called(s, r) else write_record(s, r) end
end

local function pass_over(s)
  while s.called > 0 do
    local r, called = record_at(s, 'called', 0)
    if not r or called + CLAIM_US > s.now then break end
    fall_asleep(s, r)
  end
  while s.asleep > 0 do
    local r, looked = record_at(s, 'asleep', 0)
    if not r or looked + SILENT_US > s.now then break end
    leave_line(s, r)
  end
end

-- Clears the calls, from the end, of who no longer fits: somebody before them woke up.
local function take_back(s)
  while s.called > 0 and s.held + s.called_weight > s.capacity do
    local r = record_at(s, 'line', s.called - 1)
    if not r then return end
    note_uncalled(s, r)
    write_record(s, r)
  end
end

-- Passes over who did not come, and calls exactly the longest prefix that fits. The asker needs no message: it is being
-- answered. Each step undoes or does one call, or drops one place, and so was paid for by another command.
local function settle(s)
  if s.waiting == 0 then return end
  pass_over(s)
  take_back(s)
  while s.waiting - s.asleep > s.called do
    local r = record_at(s, 'line', s.called)
    if not r then return end
    -- Never so, unless parts were evicted; and no loop may depend on that.
    if r.called > 0 then return forget_others(s) end
    if r.at + SILENT_US <= s.now then
      leave_line(s, r)
    elseif s.held + s.called_weight + r.weight <= s.capacity then
      note_called(s, r)
      if r ~= s.asker then call_out(s, r) end
    else
      return
    end
  end
end

-- Behind everybody who waits awake: it may hold only where all of them may, and it still fits.
local function fits_behind_all(s, weight, capacity)
  return s.waiting - s.asleep == s.called and s.held + s.called_weight + weight <= capacity
end

-- When the first lease or claim ends, in microseconds from now: until then only a command changes anything. -1: never.
local function first_change(s)
  local first = s.owner ~= '-' and s.ends
  if s.further > 0 then
    local r, ends = record_at(s, 'ends', 0)
    if r and (not first or ends < first) then first = ends end
  end
  if s.called > 0 then
    local r, called = record_at(s, 'called', 0)
    if r and (not first or called + CLAIM_US < first) then first = called + CLAIM_US end
  end
  return first and math.max(0, first - s.now) or -1
end

-- The owner leaves: its hold ends, or its place goes. True where it held.
local function remove_owner(s, owner, keep_us)
  if end_hold(s, owner, keep_us) then return true end
  local r = s.waiting > 0 and read_record(s, owner)
  if r then leave_line(s, r) end
  return false
end
