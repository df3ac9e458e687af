-- The fast path, the one of this script: one key that this owner holds alone, waited for by nobody, of which nothing is to
-- remain. It does what the rest of the script would do, and needs not even the time.
if #KEYS == 1 and ARGV[2] == '0' and ARGV[3] == '0' and ARGV[5] == '0' then
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
