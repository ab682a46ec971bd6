-- Begins an epoch: 1 if it did, 0 if there is one that is as late. Queue entries are kept, if it is there.
--
-- KEYS  epoch, run, buckets, people, and each group's counter
-- ARGV  epoch; run; by group, the number that the first one comes after

local BEFORE = 4

if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[1]) then return 0 end
redis.call('MSET', KEYS[1], ARGV[1], KEYS[2], ARGV[2])
redis.call('SETNX', KEYS[3], '1')
redis.call('SETNX', KEYS[4], '0')
for at = BEFORE + 1, #KEYS do
    local above = ARGV[at - BEFORE + 2]
    -- Numbers that are known here were handed out, whatever became of the database that leased them.
    local known = redis.call('GET', KEYS[at]) or '0'
    redis.call('SET', KEYS[at], tonumber(known) > tonumber(above) and known or above)
end
return 1
