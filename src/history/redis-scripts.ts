/**
 * Appends where the hash has as many fields as expected; returns how many it had. A client that has
 * lost its connection may send it again: what ends with the same field is there already.
 */
export const appendScript = `
local length = redis.call('HLEN', KEYS[1])
local expected = tonumber(ARGV[1])
local added = #ARGV - 2
if added > 0 and length == expected + added
  and redis.call('HGET', KEYS[1], length - 1) == ARGV[#ARGV] then return expected end
if length ~= expected then return length end
for index = 3, #ARGV do redis.call('HSET', KEYS[1], length + index - 3, ARGV[index]) end
if tonumber(ARGV[2]) > 0 and added > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return length`

/** Deletes a hash that has fields, as many as expected unless that is -1; 1 where it has. */
export const removeScript = `
local length = redis.call('HLEN', KEYS[1])
if length == 0 or (tonumber(ARGV[1]) ~= -1 and length ~= tonumber(ARGV[1])) then return 0 end
return redis.call('DEL', KEYS[1])`

/** How many fields the hash has, and the last of them. */
export const lengthScript = `
local length = redis.call('HLEN', KEYS[1])
return { length, redis.call('HGET', KEYS[1], length - 1) }`

/** Takes or renews a lease; 1 where it is the holder's now. */
export const leaseScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

/** Gives a lease back where it is the holder's. */
export const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`
