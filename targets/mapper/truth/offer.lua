-- A replayed write: set-if-newer, with the version it was acknowledged under.
-- KEYS: entry, sequence.  ARGV: key, version, node, expiry ms, flag, url,
--   life of a tombstone in ms, channel, always ("1": the defect that lets an older write win)
local version, node = tonumber(ARGV[2]), ARGV[3]
local old = redis.call('GET', KEYS[1])
if old and ARGV[9] ~= '1' then
  local v, n = string.match(old, '^(%d+) (%S+) ')
  v = tonumber(v)
  if version < v or (version == v and node <= n) then return 0 end
end
local value = ARGV[2] .. ' ' .. node .. ' ' .. ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[6]
local versionms, expiry = math.floor(version / 1000), tonumber(ARGV[4])
if ARGV[5] == 'd' then
  redis.call('SET', KEYS[1], value, 'PXAT', string.format('%.0f', versionms + ARGV[7]))
elseif expiry > 0 then
  redis.call('SET', KEYS[1], value, 'PXAT', string.format('%.0f', math.max(expiry, versionms) + ARGV[7]))
else
  redis.call('SET', KEYS[1], value)
end
local seq = redis.call('INCR', KEYS[2])
redis.call('PUBLISH', ARGV[8], string.format('%.0f', seq) .. ' ' .. ARGV[1] .. ' ' .. value)
return 1
