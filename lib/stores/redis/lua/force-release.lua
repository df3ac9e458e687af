--- Ends every hold of the key, whoever has it, tells the holders, and calls who comes next.
-- @key   state        The first string of the lock key.
-- @arg   toleranceMs  integer  How long the last token outlives everything else, in milliseconds.
-- @arg   isFull       string   '1' where the server has refused this command because its memory is full, else '0'.
-- @return 0 | 1  1 where somebody held it.
-- @include time
-- @include line
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
return was_held and 1 or 0
