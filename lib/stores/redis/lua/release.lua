--- Ends the holds of an owner, or withdraws it from the line, and calls who comes next. Of a stranger it changes nothing.
-- @key   first        The first string of a lock key.
-- @keys  others       The same of further ones.
-- @arg   owner        string   Id of the request.
-- @arg   refuses      string   '1': the id is refused from now on, since one of its commands may still be under way; else '0'.
-- @arg   keepUs       integer  How long the hold stays under no owner, in microseconds; 0 for not at all.
-- @arg   toleranceMs  integer  How long the last token outlives everything else, in milliseconds.
-- @arg   isFull       string   '1' where the server has refused this command because its memory is full, else '0'.
-- @return number  1
-- @include release-sole
-- @include time
-- @include line
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
  -- The others are released all the same.
  first_problem = first_problem or problem
end
return first_problem or 1
