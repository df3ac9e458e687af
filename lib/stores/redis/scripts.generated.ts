// Generated from ./lua/*.lua by `npm run generate`. Do not edit.
import { defineScript } from './script.js';

/**
 * Holds the keys, or takes a place in the line of the first that is busy. The same command asks for the first time,
 * looks again, and asks after a lost answer: for an owner that holds it changes nothing.
 */
export const acquire = defineScript<{
  keys: readonly [first: string, ...others: string[]];
  args: readonly [owner: string, session: string, capacity: number, weight: number, leaseUs: number, manner: string, replaces: string, toleranceMs: number, ...leastTokens: (string | number)[]];
  returns: number | number[];
}>({
  name: 'acquire',
  sha1: '7541b955e28e54388187e7573c5de08592366c51',
  lua: `local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
if #KEYS == 1 and #ARGV == 8 and ARGV[7] == '' then
  local text = redis.pcall('GET', KEYS[1])
  local last = not text and 0 or type(text) == 'string' and string.match(text, '^ndl1 (%d+) 0$')
  if last then
    local now = now_us()
    local token = math.max(last + 64, now)
    local shown = string.format('%.0f', token)
    redis.call('SET', KEYS[1], 'ndl1 ' .. shown .. ' 0 ' .. ARGV[3] .. ' ' .. ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[4]
      .. ' ' .. shown .. ' ' .. string.format('%.0f', now + ARGV[5]), 'PX', math.ceil(ARGV[5] / 1000) + ARGV[8])
    return token
  end
end
local IS_CLUSTER = false
local CLAIM_US, SILENT_US, REFUSED_MS, TOKEN_BLOCK = 1000000, 3000000, 10000, 64
local SLACK_US = 5000000
local FORM = '^ndl1 (%d+) (%d+)(.*)$'
local HOLDER = '^ (%d+) (%S+) (%S+) (%d+) (%d+) (%d+)(.*)$'
local OTHERS = '^ (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$'
local function parse_others(s, text)
  local ends_by, kept_by, place, held, called_weight, further, waiting, called, asleep = string.match(text, OTHERS)
  if not ends_by then return nil end
  s.ends_by, s.kept_by, s.place = tonumber(ends_by), tonumber(kept_by), tonumber(place)
  s.held, s.called_weight = tonumber(held), tonumber(called_weight)
  s.further, s.waiting, s.called, s.asleep = tonumber(further), tonumber(waiting), tonumber(called), tonumber(asleep)
  return s
end
local function parse_state(s, text)
  local last, refused_by, rest = string.match(text, FORM)
  if not last then return nil end
  s.exists, s.last, s.refused_by = true, tonumber(last), tonumber(refused_by)
  if rest == '' then return s end
  local capacity, owner, session, weight, token, ends, others = string.match(rest, HOLDER)
  if not capacity then return nil end
  s.capacity, s.owner, s.session, s.weight = tonumber(capacity), owner, session, tonumber(weight)
  s.token, s.ends = tonumber(token), tonumber(ends)
  s.ends_by, s.held = s.ends, s.weight
  return others == '' and s or parse_others(s, others)
end
local function format_state(s)
  local text = string.format('ndl1 %.0f %.0f', s.last, s.refused_by)
  local has_others = s.further + s.waiting > 0
  if s.owner == '-' and not has_others then return text end
  local holder = ' - - 0 0 0'
  if s.owner ~= '-' then
    holder = string.format(' %s %s %d %.0f %.0f', s.owner, s.session, s.weight, s.token, s.ends)
  end
  text = text .. ' ' .. s.capacity .. holder
  if not has_others then return text end
  return text .. string.format(' %.0f %.0f %d %d %d %d %d %d %d', s.ends_by, s.kept_by, s.place, s.held, s.called_weight,
    s.further, s.waiting, s.called, s.asleep)
end
local function is_settled(key)
  return type(redis.pcall('EXISTS', key .. ':none', key .. ':nil')) == 'number'
end
local function load_state(key, index, now, is_first_alone)
  local text = redis.pcall('GET', key)
  local s = { key = key, now = now, fresh = {}, exists = false, last = 0, refused_by = 0, capacity = 0, owner = '-',
    session = '-', weight = 0, token = 0, ends = 0, ends_by = 0, kept_by = 0, place = 0, held = 0,
    called_weight = 0, further = 0, waiting = 0, called = 0, asleep = 0, dirty = false, touched = false }
  if type(text) == 'table' and not string.find(text.err, 'WRONGTYPE', 1, true) then return nil, text end
  if text and not (type(text) == 'string' and parse_state(s, text)) then
    return nil, redis.error_reply('FOREIGN ' .. index)
  end
  if IS_CLUSTER and not (is_first_alone and s.further + s.waiting == 0) and not is_settled(key) then
    return nil, redis.error_reply('TRYAGAIN The slot of ' .. key .. ' is being moved')
  end
  return s
end
local function is_idle(s)
  return s.owner == '-' and s.further == 0 and s.waiting == 0
end
local function keep_further_keys(s)
  local need = s.waiting > 0 and s.now + SILENT_US + 1000000 or 0
  if s.further > 0 and s.ends_by > need then need = s.ends_by end
  if s.kept_by < need then
    s.kept_by, s.dirty = need + SLACK_US, true
    s.fresh = { who = true, ends = s.further > 0, called = s.called > 0, asleep = s.asleep > 0,
      line = s.waiting > s.asleep }
  end
  local rest_ms = math.ceil((s.kept_by - s.now) / 1000)
  for name, is_fresh in pairs(s.fresh) do
    if is_fresh then redis.call('PEXPIRE', s.key .. ':' .. name, rest_ms) end
  end
end
local function save_state(s, tolerance_ms)
  if s.further + s.waiting == 0 then
    s.kept_by = 0
  elseif s.touched or s.dirty then
    keep_further_keys(s)
  end
  if not s.dirty then return end
  local now = s.now
  if s.owner == '-' and s.further == 0 and s.ends_by > now then s.ends_by = now end
  local rest_ms = math.ceil((math.max(s.ends_by, s.refused_by, s.kept_by) - now) / 1000) + tolerance_ms
  if rest_ms <= 0 or s.last == 0 and s.refused_by <= now and is_idle(s) then
    if s.exists then redis.call('DEL', s.key) end
    return
  end
  redis.call('SET', s.key, format_state(s), 'PX', rest_ms)
end
local function write_though_full(key, is_full)
  if is_full == '1' then redis.call('DEL', key .. ':none') end
end
local function publish(session, kind, owner)
  if session ~= '-' then redis.call('PUBLISH', 'nestjs-distributed-lock:' .. session, kind .. ' ' .. owner) end
end
local function call_out(s, r)
  if not IS_CLUSTER then return publish(r.session, 'called', r.owner) end
  if r.session ~= '-' then redis.call('SPUBLISH', s.key .. ':' .. r.session, 'called ' .. r.owner) end
end
local RECORD = '^(%a) (%S+) (%d+) (%d+) (%d+) (%d+)$'
local function write_record(s, r)
  redis.call('HSET', s.key .. ':who', r.owner,
    string.format('%s %s %.0f %.0f %.0f %.0f', r.kind, r.session, r.weight, r.order, r.at, r.called))
  s.touched = true
end
local function read_record(s, owner)
  if s.asker and s.asker.owner == owner then return s.asker end
  if s.further + s.waiting == 0 then return nil end
  local text = redis.call('HGET', s.key .. ':who', owner)
  if not text then return nil end
  local kind, session, weight, order, at, called = string.match(text, RECORD)
  return { owner = owner, kind = kind, session = session, weight = tonumber(weight), order = tonumber(order),
    at = tonumber(at), called = tonumber(called) }
end
local function forget_others(s)
  redis.call('DEL', s.key .. ':who', s.key .. ':ends', s.key .. ':line', s.key .. ':called', s.key .. ':asleep')
  s.further, s.waiting, s.called, s.asleep, s.called_weight, s.asker = 0, 0, 0, 0, 0, nil
  s.held = s.owner == '-' and 0 or s.weight
  s.fresh, s.dirty = {}, true
end
local function record_at(s, name, rank)
  local found = redis.call('ZRANGE', s.key .. ':' .. name, rank, rank, 'WITHSCORES')
  local r = found[1] and read_record(s, found[1])
  if r then return r, tonumber(found[2]) end
  forget_others(s)
end
local function start_others(s)
  if s.further + s.waiting > 0 then return end
  forget_others(s)
  s.fresh.who, s.place = true, 0
end
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
local function grant_of(s, owner)
  if s.owner == owner then return s.token, s.ends - s.now end
  if s.further == 0 then return nil end
  local r = read_record(s, owner)
  if r and r.kind == 'h' then return r.order, r.at - s.now end
end
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
    r.owner = '~' .. string.format('%.0f', r.order)
    add_holder(s, r)
  end
  return true
end
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
local function wake_up(s, r)
  if s.waiting == s.asleep then s.fresh.line = true end
  redis.call('ZREM', s.key .. ':asleep', r.owner)
  redis.call('ZADD', s.key .. ':line', string.format('%.0f', r.order), r.owner)
  s.asleep, r.kind, s.dirty = s.asleep - 1, 'w', true
  return s.called > 0 and redis.call('ZRANK', s.key .. ':line', r.owner) < s.called
end
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
local function take_back(s)
  while s.called > 0 and s.held + s.called_weight > s.capacity do
    local r = record_at(s, 'line', s.called - 1)
    if not r then return end
    note_uncalled(s, r)
    write_record(s, r)
  end
end
local function settle(s)
  if s.waiting == 0 then return end
  pass_over(s)
  take_back(s)
  while s.waiting - s.asleep > s.called do
    local r = record_at(s, 'line', s.called)
    if not r then return end
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
local function fits_behind_all(s, weight, capacity)
  return s.waiting - s.asleep == s.called and s.held + s.called_weight + weight <= capacity
end
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
local function remove_owner(s, owner, keep_us)
  if end_hold(s, owner, keep_us) then return true end
  local r = s.waiting > 0 and read_record(s, owner)
  if r then leave_line(s, r) end
  return false
end
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
local now, states = now_us(), {}
for index, key in ipairs(KEYS) do
  local s, problem = load_state(key, index, now)
  if not s then return problem end
  states[index] = s
end
local reply = (manner == 'none' and #KEYS > 1) and acquire_all_or_none(states) or acquire_all(states)
for _, s in ipairs(states) do save_state(s, tonumber(ARGV[8])) end
return reply`,
});

/** Ends every hold of the key, whoever has it, tells the holders, and calls who comes next. */
export const forceRelease = defineScript<{
  keys: readonly [state: string];
  args: readonly [toleranceMs: number, isFull: string];
  returns: 0 | 1;
}>({
  name: 'forceRelease',
  sha1: '0b2c23717c0012716ef15aa0607c4214e5efbbb0',
  lua: `local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local IS_CLUSTER = false
local CLAIM_US, SILENT_US, REFUSED_MS, TOKEN_BLOCK = 1000000, 3000000, 10000, 64
local SLACK_US = 5000000
local FORM = '^ndl1 (%d+) (%d+)(.*)$'
local HOLDER = '^ (%d+) (%S+) (%S+) (%d+) (%d+) (%d+)(.*)$'
local OTHERS = '^ (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$'
local function parse_others(s, text)
  local ends_by, kept_by, place, held, called_weight, further, waiting, called, asleep = string.match(text, OTHERS)
  if not ends_by then return nil end
  s.ends_by, s.kept_by, s.place = tonumber(ends_by), tonumber(kept_by), tonumber(place)
  s.held, s.called_weight = tonumber(held), tonumber(called_weight)
  s.further, s.waiting, s.called, s.asleep = tonumber(further), tonumber(waiting), tonumber(called), tonumber(asleep)
  return s
end
local function parse_state(s, text)
  local last, refused_by, rest = string.match(text, FORM)
  if not last then return nil end
  s.exists, s.last, s.refused_by = true, tonumber(last), tonumber(refused_by)
  if rest == '' then return s end
  local capacity, owner, session, weight, token, ends, others = string.match(rest, HOLDER)
  if not capacity then return nil end
  s.capacity, s.owner, s.session, s.weight = tonumber(capacity), owner, session, tonumber(weight)
  s.token, s.ends = tonumber(token), tonumber(ends)
  s.ends_by, s.held = s.ends, s.weight
  return others == '' and s or parse_others(s, others)
end
local function format_state(s)
  local text = string.format('ndl1 %.0f %.0f', s.last, s.refused_by)
  local has_others = s.further + s.waiting > 0
  if s.owner == '-' and not has_others then return text end
  local holder = ' - - 0 0 0'
  if s.owner ~= '-' then
    holder = string.format(' %s %s %d %.0f %.0f', s.owner, s.session, s.weight, s.token, s.ends)
  end
  text = text .. ' ' .. s.capacity .. holder
  if not has_others then return text end
  return text .. string.format(' %.0f %.0f %d %d %d %d %d %d %d', s.ends_by, s.kept_by, s.place, s.held, s.called_weight,
    s.further, s.waiting, s.called, s.asleep)
end
local function is_settled(key)
  return type(redis.pcall('EXISTS', key .. ':none', key .. ':nil')) == 'number'
end
local function load_state(key, index, now, is_first_alone)
  local text = redis.pcall('GET', key)
  local s = { key = key, now = now, fresh = {}, exists = false, last = 0, refused_by = 0, capacity = 0, owner = '-',
    session = '-', weight = 0, token = 0, ends = 0, ends_by = 0, kept_by = 0, place = 0, held = 0,
    called_weight = 0, further = 0, waiting = 0, called = 0, asleep = 0, dirty = false, touched = false }
  if type(text) == 'table' and not string.find(text.err, 'WRONGTYPE', 1, true) then return nil, text end
  if text and not (type(text) == 'string' and parse_state(s, text)) then
    return nil, redis.error_reply('FOREIGN ' .. index)
  end
  if IS_CLUSTER and not (is_first_alone and s.further + s.waiting == 0) and not is_settled(key) then
    return nil, redis.error_reply('TRYAGAIN The slot of ' .. key .. ' is being moved')
  end
  return s
end
local function is_idle(s)
  return s.owner == '-' and s.further == 0 and s.waiting == 0
end
local function keep_further_keys(s)
  local need = s.waiting > 0 and s.now + SILENT_US + 1000000 or 0
  if s.further > 0 and s.ends_by > need then need = s.ends_by end
  if s.kept_by < need then
    s.kept_by, s.dirty = need + SLACK_US, true
    s.fresh = { who = true, ends = s.further > 0, called = s.called > 0, asleep = s.asleep > 0,
      line = s.waiting > s.asleep }
  end
  local rest_ms = math.ceil((s.kept_by - s.now) / 1000)
  for name, is_fresh in pairs(s.fresh) do
    if is_fresh then redis.call('PEXPIRE', s.key .. ':' .. name, rest_ms) end
  end
end
local function save_state(s, tolerance_ms)
  if s.further + s.waiting == 0 then
    s.kept_by = 0
  elseif s.touched or s.dirty then
    keep_further_keys(s)
  end
  if not s.dirty then return end
  local now = s.now
  if s.owner == '-' and s.further == 0 and s.ends_by > now then s.ends_by = now end
  local rest_ms = math.ceil((math.max(s.ends_by, s.refused_by, s.kept_by) - now) / 1000) + tolerance_ms
  if rest_ms <= 0 or s.last == 0 and s.refused_by <= now and is_idle(s) then
    if s.exists then redis.call('DEL', s.key) end
    return
  end
  redis.call('SET', s.key, format_state(s), 'PX', rest_ms)
end
local function write_though_full(key, is_full)
  if is_full == '1' then redis.call('DEL', key .. ':none') end
end
local function publish(session, kind, owner)
  if session ~= '-' then redis.call('PUBLISH', 'nestjs-distributed-lock:' .. session, kind .. ' ' .. owner) end
end
local function call_out(s, r)
  if not IS_CLUSTER then return publish(r.session, 'called', r.owner) end
  if r.session ~= '-' then redis.call('SPUBLISH', s.key .. ':' .. r.session, 'called ' .. r.owner) end
end
local RECORD = '^(%a) (%S+) (%d+) (%d+) (%d+) (%d+)$'
local function write_record(s, r)
  redis.call('HSET', s.key .. ':who', r.owner,
    string.format('%s %s %.0f %.0f %.0f %.0f', r.kind, r.session, r.weight, r.order, r.at, r.called))
  s.touched = true
end
local function read_record(s, owner)
  if s.asker and s.asker.owner == owner then return s.asker end
  if s.further + s.waiting == 0 then return nil end
  local text = redis.call('HGET', s.key .. ':who', owner)
  if not text then return nil end
  local kind, session, weight, order, at, called = string.match(text, RECORD)
  return { owner = owner, kind = kind, session = session, weight = tonumber(weight), order = tonumber(order),
    at = tonumber(at), called = tonumber(called) }
end
local function forget_others(s)
  redis.call('DEL', s.key .. ':who', s.key .. ':ends', s.key .. ':line', s.key .. ':called', s.key .. ':asleep')
  s.further, s.waiting, s.called, s.asleep, s.called_weight, s.asker = 0, 0, 0, 0, 0, nil
  s.held = s.owner == '-' and 0 or s.weight
  s.fresh, s.dirty = {}, true
end
local function record_at(s, name, rank)
  local found = redis.call('ZRANGE', s.key .. ':' .. name, rank, rank, 'WITHSCORES')
  local r = found[1] and read_record(s, found[1])
  if r then return r, tonumber(found[2]) end
  forget_others(s)
end
local function start_others(s)
  if s.further + s.waiting > 0 then return end
  forget_others(s)
  s.fresh.who, s.place = true, 0
end
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
local function grant_of(s, owner)
  if s.owner == owner then return s.token, s.ends - s.now end
  if s.further == 0 then return nil end
  local r = read_record(s, owner)
  if r and r.kind == 'h' then return r.order, r.at - s.now end
end
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
    r.owner = '~' .. string.format('%.0f', r.order)
    add_holder(s, r)
  end
  return true
end
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
local function wake_up(s, r)
  if s.waiting == s.asleep then s.fresh.line = true end
  redis.call('ZREM', s.key .. ':asleep', r.owner)
  redis.call('ZADD', s.key .. ':line', string.format('%.0f', r.order), r.owner)
  s.asleep, r.kind, s.dirty = s.asleep - 1, 'w', true
  return s.called > 0 and redis.call('ZRANK', s.key .. ':line', r.owner) < s.called
end
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
local function take_back(s)
  while s.called > 0 and s.held + s.called_weight > s.capacity do
    local r = record_at(s, 'line', s.called - 1)
    if not r then return end
    note_uncalled(s, r)
    write_record(s, r)
  end
end
local function settle(s)
  if s.waiting == 0 then return end
  pass_over(s)
  take_back(s)
  while s.waiting - s.asleep > s.called do
    local r = record_at(s, 'line', s.called)
    if not r then return end
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
local function fits_behind_all(s, weight, capacity)
  return s.waiting - s.asleep == s.called and s.held + s.called_weight + weight <= capacity
end
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
local function remove_owner(s, owner, keep_us)
  if end_hold(s, owner, keep_us) then return true end
  local r = s.waiting > 0 and read_record(s, owner)
  if r then leave_line(s, r) end
  return false
end
write_though_full(KEYS[1], ARGV[2])
local s, problem = load_state(KEYS[1], 1, now_us())
if not s then return problem end
local function tell(session, owner)
  if string.sub(owner, 1, 1) ~= '~' then publish(session, 'gone', owner) end
end
drop_ended(s)
local was_held = s.owner ~= '-' or s.further > 0
if s.owner ~= '-' then
  tell(s.session, s.owner)
  clear_holder(s)
end
while s.further > 0 do
  local r = record_at(s, 'ends', 0)
  if not r then break end
  tell(r.session, r.owner)
  remove_further_holder(s, r)
end
settle(s)
save_state(s, tonumber(ARGV[1]))
return was_held and 1 or 0`,
});

/** Who holds the key, and how many wait; changes nothing. */
export const inspect = defineScript<{
  keys: readonly [state: string];
  args: readonly [];
  returns: (number | string)[];
}>({
  name: 'inspect',
  sha1: 'f9f08b3728796a0638c5ec01118271f65b023e04',
  lua: `local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local IS_CLUSTER = false
local CLAIM_US, SILENT_US, REFUSED_MS, TOKEN_BLOCK = 1000000, 3000000, 10000, 64
local SLACK_US = 5000000
local FORM = '^ndl1 (%d+) (%d+)(.*)$'
local HOLDER = '^ (%d+) (%S+) (%S+) (%d+) (%d+) (%d+)(.*)$'
local OTHERS = '^ (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$'
local function parse_others(s, text)
  local ends_by, kept_by, place, held, called_weight, further, waiting, called, asleep = string.match(text, OTHERS)
  if not ends_by then return nil end
  s.ends_by, s.kept_by, s.place = tonumber(ends_by), tonumber(kept_by), tonumber(place)
  s.held, s.called_weight = tonumber(held), tonumber(called_weight)
  s.further, s.waiting, s.called, s.asleep = tonumber(further), tonumber(waiting), tonumber(called), tonumber(asleep)
  return s
end
local function parse_state(s, text)
  local last, refused_by, rest = string.match(text, FORM)
  if not last then return nil end
  s.exists, s.last, s.refused_by = true, tonumber(last), tonumber(refused_by)
  if rest == '' then return s end
  local capacity, owner, session, weight, token, ends, others = string.match(rest, HOLDER)
  if not capacity then return nil end
  s.capacity, s.owner, s.session, s.weight = tonumber(capacity), owner, session, tonumber(weight)
  s.token, s.ends = tonumber(token), tonumber(ends)
  s.ends_by, s.held = s.ends, s.weight
  return others == '' and s or parse_others(s, others)
end
local function format_state(s)
  local text = string.format('ndl1 %.0f %.0f', s.last, s.refused_by)
  local has_others = s.further + s.waiting > 0
  if s.owner == '-' and not has_others then return text end
  local holder = ' - - 0 0 0'
  if s.owner ~= '-' then
    holder = string.format(' %s %s %d %.0f %.0f', s.owner, s.session, s.weight, s.token, s.ends)
  end
  text = text .. ' ' .. s.capacity .. holder
  if not has_others then return text end
  return text .. string.format(' %.0f %.0f %d %d %d %d %d %d %d', s.ends_by, s.kept_by, s.place, s.held, s.called_weight,
    s.further, s.waiting, s.called, s.asleep)
end
local function is_settled(key)
  return type(redis.pcall('EXISTS', key .. ':none', key .. ':nil')) == 'number'
end
local function load_state(key, index, now, is_first_alone)
  local text = redis.pcall('GET', key)
  local s = { key = key, now = now, fresh = {}, exists = false, last = 0, refused_by = 0, capacity = 0, owner = '-',
    session = '-', weight = 0, token = 0, ends = 0, ends_by = 0, kept_by = 0, place = 0, held = 0,
    called_weight = 0, further = 0, waiting = 0, called = 0, asleep = 0, dirty = false, touched = false }
  if type(text) == 'table' and not string.find(text.err, 'WRONGTYPE', 1, true) then return nil, text end
  if text and not (type(text) == 'string' and parse_state(s, text)) then
    return nil, redis.error_reply('FOREIGN ' .. index)
  end
  if IS_CLUSTER and not (is_first_alone and s.further + s.waiting == 0) and not is_settled(key) then
    return nil, redis.error_reply('TRYAGAIN The slot of ' .. key .. ' is being moved')
  end
  return s
end
local function is_idle(s)
  return s.owner == '-' and s.further == 0 and s.waiting == 0
end
local function keep_further_keys(s)
  local need = s.waiting > 0 and s.now + SILENT_US + 1000000 or 0
  if s.further > 0 and s.ends_by > need then need = s.ends_by end
  if s.kept_by < need then
    s.kept_by, s.dirty = need + SLACK_US, true
    s.fresh = { who = true, ends = s.further > 0, called = s.called > 0, asleep = s.asleep > 0,
      line = s.waiting > s.asleep }
  end
  local rest_ms = math.ceil((s.kept_by - s.now) / 1000)
  for name, is_fresh in pairs(s.fresh) do
    if is_fresh then redis.call('PEXPIRE', s.key .. ':' .. name, rest_ms) end
  end
end
local function save_state(s, tolerance_ms)
  if s.further + s.waiting == 0 then
    s.kept_by = 0
  elseif s.touched or s.dirty then
    keep_further_keys(s)
  end
  if not s.dirty then return end
  local now = s.now
  if s.owner == '-' and s.further == 0 and s.ends_by > now then s.ends_by = now end
  local rest_ms = math.ceil((math.max(s.ends_by, s.refused_by, s.kept_by) - now) / 1000) + tolerance_ms
  if rest_ms <= 0 or s.last == 0 and s.refused_by <= now and is_idle(s) then
    if s.exists then redis.call('DEL', s.key) end
    return
  end
  redis.call('SET', s.key, format_state(s), 'PX', rest_ms)
end
local function write_though_full(key, is_full)
  if is_full == '1' then redis.call('DEL', key .. ':none') end
end
local function publish(session, kind, owner)
  if session ~= '-' then redis.call('PUBLISH', 'nestjs-distributed-lock:' .. session, kind .. ' ' .. owner) end
end
local function call_out(s, r)
  if not IS_CLUSTER then return publish(r.session, 'called', r.owner) end
  if r.session ~= '-' then redis.call('SPUBLISH', s.key .. ':' .. r.session, 'called ' .. r.owner) end
end
local RECORD = '^(%a) (%S+) (%d+) (%d+) (%d+) (%d+)$'
local function write_record(s, r)
  redis.call('HSET', s.key .. ':who', r.owner,
    string.format('%s %s %.0f %.0f %.0f %.0f', r.kind, r.session, r.weight, r.order, r.at, r.called))
  s.touched = true
end
local function read_record(s, owner)
  if s.asker and s.asker.owner == owner then return s.asker end
  if s.further + s.waiting == 0 then return nil end
  local text = redis.call('HGET', s.key .. ':who', owner)
  if not text then return nil end
  local kind, session, weight, order, at, called = string.match(text, RECORD)
  return { owner = owner, kind = kind, session = session, weight = tonumber(weight), order = tonumber(order),
    at = tonumber(at), called = tonumber(called) }
end
local function forget_others(s)
  redis.call('DEL', s.key .. ':who', s.key .. ':ends', s.key .. ':line', s.key .. ':called', s.key .. ':asleep')
  s.further, s.waiting, s.called, s.asleep, s.called_weight, s.asker = 0, 0, 0, 0, 0, nil
  s.held = s.owner == '-' and 0 or s.weight
  s.fresh, s.dirty = {}, true
end
local function record_at(s, name, rank)
  local found = redis.call('ZRANGE', s.key .. ':' .. name, rank, rank, 'WITHSCORES')
  local r = found[1] and read_record(s, found[1])
  if r then return r, tonumber(found[2]) end
  forget_others(s)
end
local function start_others(s)
  if s.further + s.waiting > 0 then return end
  forget_others(s)
  s.fresh.who, s.place = true, 0
end
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
local function grant_of(s, owner)
  if s.owner == owner then return s.token, s.ends - s.now end
  if s.further == 0 then return nil end
  local r = read_record(s, owner)
  if r and r.kind == 'h' then return r.order, r.at - s.now end
end
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
    r.owner = '~' .. string.format('%.0f', r.order)
    add_holder(s, r)
  end
  return true
end
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
return view`,
});

/** Ends the holds of an owner, or withdraws it from the line, and calls who comes next. Of a stranger it changes nothing. */
export const release = defineScript<{
  keys: readonly [first: string, ...others: string[]];
  args: readonly [owner: string, refuses: string, keepUs: number, toleranceMs: number, isFull: string];
  returns: number;
}>({
  name: 'release',
  sha1: 'df044601974fad82ba28b8c7ed71bd8fc84d7b60',
  lua: `if #KEYS == 1 and ARGV[2] == '0' and ARGV[3] == '0' and ARGV[5] == '0' then
  local text = redis.pcall('GET', KEYS[1])
  local last, owner = string.match(type(text) == 'string' and text or '', '^ndl1 (%d+) 0 %d+ (%S+) %S+ %d+ %d+ %d+$')
  if owner == ARGV[1] then
    if ARGV[4] == '0' then
      redis.call('DEL', KEYS[1])
    else
      redis.call('SET', KEYS[1], 'ndl1 ' .. last .. ' 0', 'PX', ARGV[4])
    end
    return 1
  end
end
local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local IS_CLUSTER = false
local CLAIM_US, SILENT_US, REFUSED_MS, TOKEN_BLOCK = 1000000, 3000000, 10000, 64
local SLACK_US = 5000000
local FORM = '^ndl1 (%d+) (%d+)(.*)$'
local HOLDER = '^ (%d+) (%S+) (%S+) (%d+) (%d+) (%d+)(.*)$'
local OTHERS = '^ (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$'
local function parse_others(s, text)
  local ends_by, kept_by, place, held, called_weight, further, waiting, called, asleep = string.match(text, OTHERS)
  if not ends_by then return nil end
  s.ends_by, s.kept_by, s.place = tonumber(ends_by), tonumber(kept_by), tonumber(place)
  s.held, s.called_weight = tonumber(held), tonumber(called_weight)
  s.further, s.waiting, s.called, s.asleep = tonumber(further), tonumber(waiting), tonumber(called), tonumber(asleep)
  return s
end
local function parse_state(s, text)
  local last, refused_by, rest = string.match(text, FORM)
  if not last then return nil end
  s.exists, s.last, s.refused_by = true, tonumber(last), tonumber(refused_by)
  if rest == '' then return s end
  local capacity, owner, session, weight, token, ends, others = string.match(rest, HOLDER)
  if not capacity then return nil end
  s.capacity, s.owner, s.session, s.weight = tonumber(capacity), owner, session, tonumber(weight)
  s.token, s.ends = tonumber(token), tonumber(ends)
  s.ends_by, s.held = s.ends, s.weight
  return others == '' and s or parse_others(s, others)
end
local function format_state(s)
  local text = string.format('ndl1 %.0f %.0f', s.last, s.refused_by)
  local has_others = s.further + s.waiting > 0
  if s.owner == '-' and not has_others then return text end
  local holder = ' - - 0 0 0'
  if s.owner ~= '-' then
    holder = string.format(' %s %s %d %.0f %.0f', s.owner, s.session, s.weight, s.token, s.ends)
  end
  text = text .. ' ' .. s.capacity .. holder
  if not has_others then return text end
  return text .. string.format(' %.0f %.0f %d %d %d %d %d %d %d', s.ends_by, s.kept_by, s.place, s.held, s.called_weight,
    s.further, s.waiting, s.called, s.asleep)
end
local function is_settled(key)
  return type(redis.pcall('EXISTS', key .. ':none', key .. ':nil')) == 'number'
end
local function load_state(key, index, now, is_first_alone)
  local text = redis.pcall('GET', key)
  local s = { key = key, now = now, fresh = {}, exists = false, last = 0, refused_by = 0, capacity = 0, owner = '-',
    session = '-', weight = 0, token = 0, ends = 0, ends_by = 0, kept_by = 0, place = 0, held = 0,
    called_weight = 0, further = 0, waiting = 0, called = 0, asleep = 0, dirty = false, touched = false }
  if type(text) == 'table' and not string.find(text.err, 'WRONGTYPE', 1, true) then return nil, text end
  if text and not (type(text) == 'string' and parse_state(s, text)) then
    return nil, redis.error_reply('FOREIGN ' .. index)
  end
  if IS_CLUSTER and not (is_first_alone and s.further + s.waiting == 0) and not is_settled(key) then
    return nil, redis.error_reply('TRYAGAIN The slot of ' .. key .. ' is being moved')
  end
  return s
end
local function is_idle(s)
  return s.owner == '-' and s.further == 0 and s.waiting == 0
end
local function keep_further_keys(s)
  local need = s.waiting > 0 and s.now + SILENT_US + 1000000 or 0
  if s.further > 0 and s.ends_by > need then need = s.ends_by end
  if s.kept_by < need then
    s.kept_by, s.dirty = need + SLACK_US, true
    s.fresh = { who = true, ends = s.further > 0, called = s.called > 0, asleep = s.asleep > 0,
      line = s.waiting > s.asleep }
  end
  local rest_ms = math.ceil((s.kept_by - s.now) / 1000)
  for name, is_fresh in pairs(s.fresh) do
    if is_fresh then redis.call('PEXPIRE', s.key .. ':' .. name, rest_ms) end
  end
end
local function save_state(s, tolerance_ms)
  if s.further + s.waiting == 0 then
    s.kept_by = 0
  elseif s.touched or s.dirty then
    keep_further_keys(s)
  end
  if not s.dirty then return end
  local now = s.now
  if s.owner == '-' and s.further == 0 and s.ends_by > now then s.ends_by = now end
  local rest_ms = math.ceil((math.max(s.ends_by, s.refused_by, s.kept_by) - now) / 1000) + tolerance_ms
  if rest_ms <= 0 or s.last == 0 and s.refused_by <= now and is_idle(s) then
    if s.exists then redis.call('DEL', s.key) end
    return
  end
  redis.call('SET', s.key, format_state(s), 'PX', rest_ms)
end
local function write_though_full(key, is_full)
  if is_full == '1' then redis.call('DEL', key .. ':none') end
end
local function publish(session, kind, owner)
  if session ~= '-' then redis.call('PUBLISH', 'nestjs-distributed-lock:' .. session, kind .. ' ' .. owner) end
end
local function call_out(s, r)
  if not IS_CLUSTER then return publish(r.session, 'called', r.owner) end
  if r.session ~= '-' then redis.call('SPUBLISH', s.key .. ':' .. r.session, 'called ' .. r.owner) end
end
local RECORD = '^(%a) (%S+) (%d+) (%d+) (%d+) (%d+)$'
local function write_record(s, r)
  redis.call('HSET', s.key .. ':who', r.owner,
    string.format('%s %s %.0f %.0f %.0f %.0f', r.kind, r.session, r.weight, r.order, r.at, r.called))
  s.touched = true
end
local function read_record(s, owner)
  if s.asker and s.asker.owner == owner then return s.asker end
  if s.further + s.waiting == 0 then return nil end
  local text = redis.call('HGET', s.key .. ':who', owner)
  if not text then return nil end
  local kind, session, weight, order, at, called = string.match(text, RECORD)
  return { owner = owner, kind = kind, session = session, weight = tonumber(weight), order = tonumber(order),
    at = tonumber(at), called = tonumber(called) }
end
local function forget_others(s)
  redis.call('DEL', s.key .. ':who', s.key .. ':ends', s.key .. ':line', s.key .. ':called', s.key .. ':asleep')
  s.further, s.waiting, s.called, s.asleep, s.called_weight, s.asker = 0, 0, 0, 0, 0, nil
  s.held = s.owner == '-' and 0 or s.weight
  s.fresh, s.dirty = {}, true
end
local function record_at(s, name, rank)
  local found = redis.call('ZRANGE', s.key .. ':' .. name, rank, rank, 'WITHSCORES')
  local r = found[1] and read_record(s, found[1])
  if r then return r, tonumber(found[2]) end
  forget_others(s)
end
local function start_others(s)
  if s.further + s.waiting > 0 then return end
  forget_others(s)
  s.fresh.who, s.place = true, 0
end
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
local function grant_of(s, owner)
  if s.owner == owner then return s.token, s.ends - s.now end
  if s.further == 0 then return nil end
  local r = read_record(s, owner)
  if r and r.kind == 'h' then return r.order, r.at - s.now end
end
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
    r.owner = '~' .. string.format('%.0f', r.order)
    add_holder(s, r)
  end
  return true
end
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
local function wake_up(s, r)
  if s.waiting == s.asleep then s.fresh.line = true end
  redis.call('ZREM', s.key .. ':asleep', r.owner)
  redis.call('ZADD', s.key .. ':line', string.format('%.0f', r.order), r.owner)
  s.asleep, r.kind, s.dirty = s.asleep - 1, 'w', true
  return s.called > 0 and redis.call('ZRANK', s.key .. ':line', r.owner) < s.called
end
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
local function take_back(s)
  while s.called > 0 and s.held + s.called_weight > s.capacity do
    local r = record_at(s, 'line', s.called - 1)
    if not r then return end
    note_uncalled(s, r)
    write_record(s, r)
  end
end
local function settle(s)
  if s.waiting == 0 then return end
  pass_over(s)
  take_back(s)
  while s.waiting - s.asleep > s.called do
    local r = record_at(s, 'line', s.called)
    if not r then return end
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
local function fits_behind_all(s, weight, capacity)
  return s.waiting - s.asleep == s.called and s.held + s.called_weight + weight <= capacity
end
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
local function remove_owner(s, owner, keep_us)
  if end_hold(s, owner, keep_us) then return true end
  local r = s.waiting > 0 and read_record(s, owner)
  if r then leave_line(s, r) end
  return false
end
local function refuse(s, owner)
  redis.call('SET', s.key .. ':refused:' .. owner, string.format('%.0f', s.now + REFUSED_MS * 1000), 'PX', REFUSED_MS)
  s.refused_by, s.dirty = s.now + REFUSED_MS * 1000, true
end
write_though_full(KEYS[1], ARGV[5])
local now, first_problem = now_us(), nil
for index, key in ipairs(KEYS) do
  local s, problem = load_state(key, index, now)
  if s then
    drop_ended(s)
    remove_owner(s, ARGV[1], tonumber(ARGV[3]))
    if ARGV[2] == '1' then refuse(s, ARGV[1]) end
    settle(s)
    save_state(s, tonumber(ARGV[4]))
  end
  first_problem = first_problem or problem
end
return first_problem or 1`,
});

/** Lengthens leases, each to at least its time from now; never shortens one, never brings one back. */
export const renew = defineScript<{
  keys: readonly [first: string, ...others: string[]];
  args: readonly [toleranceMs: number, isFull: string, ...leases: (string | number)[]];
  returns: number[];
}>({
  name: 'renew',
  sha1: '970e968d01f55178c58e10c29baef1013f1c9386',
  lua: `local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local IS_CLUSTER = false
local CLAIM_US, SILENT_US, REFUSED_MS, TOKEN_BLOCK = 1000000, 3000000, 10000, 64
local SLACK_US = 5000000
local FORM = '^ndl1 (%d+) (%d+)(.*)$'
local HOLDER = '^ (%d+) (%S+) (%S+) (%d+) (%d+) (%d+)(.*)$'
local OTHERS = '^ (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$'
local function parse_others(s, text)
  local ends_by, kept_by, place, held, called_weight, further, waiting, called, asleep = string.match(text, OTHERS)
  if not ends_by then return nil end
  s.ends_by, s.kept_by, s.place = tonumber(ends_by), tonumber(kept_by), tonumber(place)
  s.held, s.called_weight = tonumber(held), tonumber(called_weight)
  s.further, s.waiting, s.called, s.asleep = tonumber(further), tonumber(waiting), tonumber(called), tonumber(asleep)
  return s
end
local function parse_state(s, text)
  local last, refused_by, rest = string.match(text, FORM)
  if not last then return nil end
  s.exists, s.last, s.refused_by = true, tonumber(last), tonumber(refused_by)
  if rest == '' then return s end
  local capacity, owner, session, weight, token, ends, others = string.match(rest, HOLDER)
  if not capacity then return nil end
  s.capacity, s.owner, s.session, s.weight = tonumber(capacity), owner, session, tonumber(weight)
  s.token, s.ends = tonumber(token), tonumber(ends)
  s.ends_by, s.held = s.ends, s.weight
  return others == '' and s or parse_others(s, others)
end
local function format_state(s)
  local text = string.format('ndl1 %.0f %.0f', s.last, s.refused_by)
  local has_others = s.further + s.waiting > 0
  if s.owner == '-' and not has_others then return text end
  local holder = ' - - 0 0 0'
  if s.owner ~= '-' then
    holder = string.format(' %s %s %d %.0f %.0f', s.owner, s.session, s.weight, s.token, s.ends)
  end
  text = text .. ' ' .. s.capacity .. holder
  if not has_others then return text end
  return text .. string.format(' %.0f %.0f %d %d %d %d %d %d %d', s.ends_by, s.kept_by, s.place, s.held, s.called_weight,
    s.further, s.waiting, s.called, s.asleep)
end
local function is_settled(key)
  return type(redis.pcall('EXISTS', key .. ':none', key .. ':nil')) == 'number'
end
local function load_state(key, index, now, is_first_alone)
  local text = redis.pcall('GET', key)
  local s = { key = key, now = now, fresh = {}, exists = false, last = 0, refused_by = 0, capacity = 0, owner = '-',
    session = '-', weight = 0, token = 0, ends = 0, ends_by = 0, kept_by = 0, place = 0, held = 0,
    called_weight = 0, further = 0, waiting = 0, called = 0, asleep = 0, dirty = false, touched = false }
  if type(text) == 'table' and not string.find(text.err, 'WRONGTYPE', 1, true) then return nil, text end
  if text and not (type(text) == 'string' and parse_state(s, text)) then
    return nil, redis.error_reply('FOREIGN ' .. index)
  end
  if IS_CLUSTER and not (is_first_alone and s.further + s.waiting == 0) and not is_settled(key) then
    return nil, redis.error_reply('TRYAGAIN The slot of ' .. key .. ' is being moved')
  end
  return s
end
local function is_idle(s)
  return s.owner == '-' and s.further == 0 and s.waiting == 0
end
local function keep_further_keys(s)
  local need = s.waiting > 0 and s.now + SILENT_US + 1000000 or 0
  if s.further > 0 and s.ends_by > need then need = s.ends_by end
  if s.kept_by < need then
    s.kept_by, s.dirty = need + SLACK_US, true
    s.fresh = { who = true, ends = s.further > 0, called = s.called > 0, asleep = s.asleep > 0,
      line = s.waiting > s.asleep }
  end
  local rest_ms = math.ceil((s.kept_by - s.now) / 1000)
  for name, is_fresh in pairs(s.fresh) do
    if is_fresh then redis.call('PEXPIRE', s.key .. ':' .. name, rest_ms) end
  end
end
local function save_state(s, tolerance_ms)
  if s.further + s.waiting == 0 then
    s.kept_by = 0
  elseif s.touched or s.dirty then
    keep_further_keys(s)
  end
  if not s.dirty then return end
  local now = s.now
  if s.owner == '-' and s.further == 0 and s.ends_by > now then s.ends_by = now end
  local rest_ms = math.ceil((math.max(s.ends_by, s.refused_by, s.kept_by) - now) / 1000) + tolerance_ms
  if rest_ms <= 0 or s.last == 0 and s.refused_by <= now and is_idle(s) then
    if s.exists then redis.call('DEL', s.key) end
    return
  end
  redis.call('SET', s.key, format_state(s), 'PX', rest_ms)
end
local function write_though_full(key, is_full)
  if is_full == '1' then redis.call('DEL', key .. ':none') end
end
local function publish(session, kind, owner)
  if session ~= '-' then redis.call('PUBLISH', 'nestjs-distributed-lock:' .. session, kind .. ' ' .. owner) end
end
local function call_out(s, r)
  if not IS_CLUSTER then return publish(r.session, 'called', r.owner) end
  if r.session ~= '-' then redis.call('SPUBLISH', s.key .. ':' .. r.session, 'called ' .. r.owner) end
end
local RECORD = '^(%a) (%S+) (%d+) (%d+) (%d+) (%d+)$'
local function write_record(s, r)
  redis.call('HSET', s.key .. ':who', r.owner,
    string.format('%s %s %.0f %.0f %.0f %.0f', r.kind, r.session, r.weight, r.order, r.at, r.called))
  s.touched = true
end
local function read_record(s, owner)
  if s.asker and s.asker.owner == owner then return s.asker end
  if s.further + s.waiting == 0 then return nil end
  local text = redis.call('HGET', s.key .. ':who', owner)
  if not text then return nil end
  local kind, session, weight, order, at, called = string.match(text, RECORD)
  return { owner = owner, kind = kind, session = session, weight = tonumber(weight), order = tonumber(order),
    at = tonumber(at), called = tonumber(called) }
end
local function forget_others(s)
  redis.call('DEL', s.key .. ':who', s.key .. ':ends', s.key .. ':line', s.key .. ':called', s.key .. ':asleep')
  s.further, s.waiting, s.called, s.asleep, s.called_weight, s.asker = 0, 0, 0, 0, 0, nil
  s.held = s.owner == '-' and 0 or s.weight
  s.fresh, s.dirty = {}, true
end
local function record_at(s, name, rank)
  local found = redis.call('ZRANGE', s.key .. ':' .. name, rank, rank, 'WITHSCORES')
  local r = found[1] and read_record(s, found[1])
  if r then return r, tonumber(found[2]) end
  forget_others(s)
end
local function start_others(s)
  if s.further + s.waiting > 0 then return end
  forget_others(s)
  s.fresh.who, s.place = true, 0
end
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
local function grant_of(s, owner)
  if s.owner == owner then return s.token, s.ends - s.now end
  if s.further == 0 then return nil end
  local r = read_record(s, owner)
  if r and r.kind == 'h' then return r.order, r.at - s.now end
end
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
    r.owner = '~' .. string.format('%.0f', r.order)
    add_holder(s, r)
  end
  return true
end
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
return rests`,
});
