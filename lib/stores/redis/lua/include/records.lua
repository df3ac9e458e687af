-- @include state
-- Records of further holders and of who waits: kind, session, weight, and three numbers.
--   h  holds           token, end of the lease, 0
--   w  waits awake     place, last look, when it was called or 0
--   s  waits asleep    place, last look, 0
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

-- Part of the state was evicted or deleted by hand. What is left of line and further holders is not to be trusted: it goes.
local function forget_others(s)
  redis.call('DEL', s.key .. ':who', s.key .. ':ends', s.key .. ':line', s.key .. ':called', s.key .. ':asleep')
  s.further, s.waiting, s.called, s.asleep, s.called_weight, s.asker = 0, 0, 0, 0, 0, nil
  s.held = s.owner == '-' and 0 or s.weight
  s.fresh, s.dirty = {}, true
end

-- The record at a rank of one of the sorted sets, and its score; nil where the state was not whole, and is now empty.
local function record_at(s, name, rank)
  local found = redis.call('ZRANGE', s.key .. ':' .. name, rank, rank, 'WITHSCORES')
  local r = found[1] and read_record(s, found[1])
  if r then return r, tonumber(found[2]) end
  forget_others(s)
end

-- The first further holder or member of the line is about to be written: nothing older may stand there, left behind by a
-- state that was deleted by hand.
local function start_others(s)
  if s.further + s.waiting > 0 then return end
  forget_others(s)
  s.fresh.who, s.place = true, 0
end
