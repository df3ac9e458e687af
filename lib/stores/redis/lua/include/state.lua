-- The state of a lock key, as it stands in Redis. All its keys lie under the tag `{K}`, hence in one slot; a script is
-- given the first and derives the others.
--
--   {K}          string  packed, see FORM: numbers, counters, and one holder
--   {K}:ends     zset    further holders by the end of their lease
--   {K}:line     zset    who waits awake, by order of arrival; the first `called` of them are called
--   {K}:called   zset    who is called, by when
--   {K}:asleep   zset    who was called and did not come, by its last look
--   {K}:who      hash    the record of each further holder and each who waits, by owner
--   {K}:refused:<owner>  string  until when the owner id is refused
--
-- A key that is held once and waited for by nobody is the first string alone. The counters in it say which of the others
-- exist, so that none is asked in vain, and no command walks the line.
--
-- True where the servers of a cluster run it; set by who sends it.
local IS_CLUSTER = false

local CLAIM_US, SILENT_US, REFUSED_MS, TOKEN_BLOCK = 1000000, 3000000, 10000, 64

-- How much longer than needed the keys of line and further holders are kept, so that not every look has to extend them.
local SLACK_US = 5000000

-- The packed string: 'ndl' and the version of this layout, then up to three parts; what an idle key or a mutex does not
-- need is not there. Times in microseconds.
--   always          last token, latest end of a refusal
--   not idle        capacity, and of the one holder: owner, session, weight, token, end of the lease. Owner '-': no holder.
--                   '~': what remains of a min hold time. Session '-': is sent no messages.
--   further keys    latest end of a lease, until when the further keys are kept, last place given, weight held, weight
--                   called, and how many: further holders, waiting, called, asleep
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

-- Nil where the text is none of ours.
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

-- A slot that is on its way to another server goes key by key: here or there a part of a line may be missing, which is
-- not a line without that part. Of two names that nobody has, a server of such a slot tells that it has not both; one of
-- a settled slot counts them.
local function is_settled(key)
  return type(redis.pcall('EXISTS', key .. ':none', key .. ':nil')) == 'number'
end

-- Nil, and an error to answer with, where something foreign stands at the key, which is named by its number, or where its
-- slot is being moved. `is_first_alone`: the others are touched only where the state says that there are some.
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

-- The keys of line and further holders live as long as somebody stands there, and go by themselves where nobody asks
-- again. A key that was made in this command has no end yet.
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

-- Writes what was changed. The key outlives whatever it tells of by the clock tolerance, and then goes by itself.
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

-- A full server refuses a script's first write that needs memory, and allows all that follow it. What gives back or keeps
-- must not fail there: asked again with `is_full`, a script begins with a write that needs none.
local function write_though_full(key, is_full)
  if is_full == '1' then redis.call('DEL', key .. ':none') end
end

-- To whoever has no ear at the key: in a cluster every server passes it on.
local function publish(session, kind, owner)
  if session ~= '-' then redis.call('PUBLISH', 'nestjs-distributed-lock:' .. session, kind .. ' ' .. owner) end
end

-- To one who waits for the key: in a cluster it is heard where the key lies.
local function call_out(s, r)
  if not IS_CLUSTER then return publish(r.session, 'called', r.owner) end
  if r.session ~= '-' then redis.call('SPUBLISH', s.key .. ':' .. r.session, 'called ' .. r.owner) end
end
