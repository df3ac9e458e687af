-- @include records
local function clear_holder(s)
  s.held, s.owner, s.dirty = s.held - s.weight, '-', true
end

local function add_holder(s, r)
  s.ends_by, s.dirty = math.max(s.ends_by, r.at), true
  if s.owner == '-' then
    s.owner, s.session, s.weight, s.token, s.ends = r.owner, r.session, r.weight, r.order, r.at
    s.held = s.held + r.weight
    return
  end
  start_others(s)
  if s.further == 0 then s.fresh.ends = true end
  s.further, s.held, r.kind, r.called = s.further + 1, s.held + r.weight, 'h', 0
  write_record(s, r)
  redis.call('ZADD', s.key .. ':ends', string.format('%.0f', r.at), r.owner)
end

local function remove_further_holder(s, r)
  redis.call('HDEL', s.key .. ':who', r.owner)
  redis.call('ZREM', s.key .. ':ends', r.owner)
  s.further, s.held, s.dirty = s.further - 1, s.held - r.weight, true
end

local function drop_ended(s)
  if s.owner ~= '-' and s.ends <= s.now then clear_holder(s) end
  while s.further > 0 do
    local r, ends = record_at(s, 'ends', 0)
    if not r or ends > s.now then return end
    remove_further_holder(s, r)
  end
end

-- Token and rest of the lease in microseconds, where the owner holds.
local function grant_of(s, owner)
  if s.owner == owner then return s.token, s.ends - s.now end
  if s.further == 0 then return nil end
  local r = read_record(s, owner)
  if r and r.kind == 'h' then return r.order, r.at - s.now end
end

-- A token that is too small gives way to a greater one, whose block nobody else was granted.
local function raise(s, owner, token, least)
  local raised = token == s.last and least or math.max(least, s.last + TOKEN_BLOCK)
  s.last, s.dirty = raised, true
  if s.owner == owner then
    s.token = raised
  else
    local r = read_record(s, owner)
    r.order = raised
    write_record(s, r)
  end
  return raised
end

-- Ends the hold of that owner; for `keep_us` it stands on under no owner. True where it held.
local function end_hold(s, owner, keep_us)
  local r = { owner = '~', session = '-', weight = s.weight, order = s.token, at = s.now + keep_us }
  if s.owner == owner then
    clear_holder(s)
  else
    local held = s.further > 0 and read_record(s, owner)
    if not held or held.kind ~= 'h' then return false end
    remove_further_holder(s, held)
    r.weight, r.order = held.weight, held.order
  end
  if keep_us > 0 then
    -- There may be several such: a token tells them apart.
    r.owner = '~' .. string.format('%.0f', r.order)
    add_holder(s, r)
  end
  return true
end
