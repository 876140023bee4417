-- A direct write. Redis decides its version, so a later acknowledged write
-- always wins, and publishes it with the next sequence number.
-- KEYS: entry, sequence.  ARGV: key, node, expiry ms, flag, url,
--   known (version the writer has seen), deadline (microseconds, 0: none),
--   life of a tombstone in ms, channel, forget ("1": the defect that drops versions of deleted keys)
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local deadline = tonumber(ARGV[7])
if deadline > 0 and now > deadline then
  -- The writer has given up and acknowledged it elsewhere: done now, it would
  -- overwrite what was written since.
  return redis.error_reply('TOOLATE the writer no longer waits')
end
local stored = 0
local old = redis.call('GET', KEYS[1])
if old then stored = tonumber(string.match(old, '^(%d+) ')) end
local version = string.format('%.0f', math.max(now, stored + 1, tonumber(ARGV[6]) + 1))
local value = version .. ' ' .. ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5]
local nowms, expiry = math.floor(now / 1000), tonumber(ARGV[3])
if ARGV[4] == 'd' and ARGV[10] == '1' then
  redis.call('DEL', KEYS[1])
elseif ARGV[4] == 'd' then
  redis.call('SET', KEYS[1], value, 'PXAT', string.format('%.0f', nowms + ARGV[8]))
elseif expiry > 0 then
  redis.call('SET', KEYS[1], value, 'PXAT', string.format('%.0f', math.max(expiry, nowms) + ARGV[8]))
else
  redis.call('SET', KEYS[1], value)
end
local seq = redis.call('INCR', KEYS[2])
redis.call('PUBLISH', ARGV[9], string.format('%.0f', seq) .. ' ' .. ARGV[1] .. ' ' .. value)
return version
