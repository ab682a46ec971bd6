-- Gives queue entries of a sale to those who join together: all or none.
--
-- KEYS  epoch, run, buckets, people, and each group's counter
-- ARGV  epoch and run as they have to be; what names of buckets begin with; each group's ceiling;
--       then of each who joins: user, group, a worthless entry or '', a proved entry or ''
-- An entry is written as number * GROUPS + group.
--
-- Answers {LOST}, or {CEILING, group, issued}, or {GIVEN, each group's counter, each one's entry: below 0 if it is new}.
--
-- Buckets are no KEYS: which they are is known only here. They share the hash tag.

local BEFORE = 4
local groups = #KEYS - BEFORE
local prefix = ARGV[3]
local first = 4 + groups

local held = redis.call('MGET', unpack(KEYS))
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return {LOST} end
for at = 3, #KEYS do
    -- An epoch begins with all of them.
    if not held[at] then return {LOST} end
end
local buckets, people = tonumber(held[3]), tonumber(held[4])

local issued, joining = {}, {}
for group = 1, groups do
    issued[group], joining[group] = tonumber(held[BEFORE + group]), 0
end

-- As if all of them were new: whoever asks again may find a ceiling a little early, and nothing has to be undone.
for at = first, #ARGV, 4 do
    local group = ARGV[at + 1] + 1
    joining[group] = joining[group] + 1
end
for group = 1, groups do
    if joining[group] > 0 and issued[group] + joining[group] > tonumber(ARGV[3 + group]) then
        return {CEILING, group - 1, issued[group]}
    end
end

-- Linear hashing: one more bucket for every PEOPLE people, so that a bucket is neither empty nor large, whatever comes of
-- the queue. The largest power of two that is not above their number:
local power = 1
while power * 2 <= buckets do power = power * 2 end

local function hash(user)
    return tonumber(string.sub(redis.sha1hex(user), 1, 8), 16)
end

local function bucket_of(user)
    local hash = hash(user)
    local bucket = hash % (power * 2)
    if bucket >= buckets then bucket = hash % power end
    return prefix .. bucket
end

-- The next bucket to be split is the one whose other half the new bucket is.
local function split()
    local from, to = prefix .. (buckets - power), prefix .. buckets
    local held = redis.call('HGETALL', from)
    local leaving, arriving = {}, {}
    for at = 1, #held, 2 do
        if hash(held[at]) % (power * 2) == buckets then
            leaving[#leaving + 1] = held[at]
            arriving[#arriving + 1] = held[at]
            arriving[#arriving + 1] = held[at + 1]
        end
    end
    if #leaving > 0 then
        redis.call('HDEL', from, unpack(leaving))
        redis.call('HSET', to, unpack(arriving))
    end
    buckets = buckets + 1
    if buckets == power * 2 then power = buckets end
end

local function put(bucket, user, entry)
    people = people + redis.call('HSET', bucket, user, entry)
end

local function give(user, group, worthless, proved)
    local bucket = bucket_of(user)
    local entry = redis.call('HGET', bucket, user)
    if entry and entry ~= worthless then return tonumber(entry) end
    if not entry and proved ~= '' then
        put(bucket, user, proved)
        return tonumber(proved)
    end
    issued[group] = issued[group] + 1
    local new = issued[group] * GROUPS + group - 1
    put(bucket, user, string.format('%.0f', new))
    return -new
end

local entries = {}
for at = first, #ARGV, 4 do
    entries[#entries + 1] = give(ARGV[at], ARGV[at + 1] + 1, ARGV[at + 2], ARGV[at + 3])
end
while people > buckets * PEOPLE do split() end

local answer, known = {GIVEN}, {KEYS[3], buckets, KEYS[4], people}
for group = 1, groups do
    answer[1 + group] = issued[group]
    known[#known + 1] = KEYS[BEFORE + group]
    known[#known + 1] = string.format('%.0f', issued[group])
end
if #entries > 0 then redis.call('MSET', unpack(known)) end
for _, entry in ipairs(entries) do answer[#answer + 1] = entry end
return answer
