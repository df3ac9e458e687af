-- @include time
-- The fast path, the one of this script: a key that is asked for alone, by nobody in another's place, with any token, and
-- that nobody holds, waits for or was refused. It does what the rest of the script would do, before that is even set up, and answers
-- with the token alone: the whole lease is left.
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
