const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const pool = Buffer.alloc(4096)
let used = pool.length

/** Offset of 16 fresh random bytes in the pool, which is refilled by the operating system. */
function take(): number {
  if (used === pool.length) {
    // the global, since importing node:crypto costs milliseconds that only a run should pay
    crypto.getRandomValues(pool)
    used = 0
  }
  used += 16
  return used - 16
}

/** 32 lower-case hexadecimal characters of fresh randomness, for salts. */
export function randomHex(): string {
  const at = take()
  return pool.toString('hex', at, at + 16)
}

/**
 * A sortable unique id: prefix, underscore, 26 characters of Crockford base 32 over the 128 bits
 * of a UUIDv7 (RFC 9562 section 5.7). The form is that of TypeID 0.3, and short enough (30
 * characters with `run_`) that a call id made of it fits the 40 characters some providers allow.
 */
export function newId(prefix: 'run' | 'apr', now: number): string {
  const at = take()
  const bytes = Buffer.from(pool.subarray(at, at + 16))
  bytes.writeUIntBE(now, 0, 6)
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  let text = `${prefix}_`
  // 128 bits are 26 groups of 5, the first group holding only the top 3 bits
  let value = 0
  let bits = 2
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(value >>> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  return text
}

/** Milliseconds since the epoch at which an id was made; undefined for one of another form. */
export function timeOfId(id: string): number | undefined {
  const digits = /^[a-z]+_([0-7][0-9a-hjkmnp-tv-z]{9})[0-9a-hjkmnp-tv-z]{16}$/.exec(id)?.[1]
  if (digits === undefined) return undefined
  // the first ten digits are 48 bits, after two that are always 0
  return [...digits].reduce((time, digit) => time * 32 + alphabet.indexOf(digit), 0)
}

/** The id of the `index`-th call of a turn; both count from zero upwards, turns from one. */
export function callId(runId: string, turn: number, index: number): string {
  return `${runId}-${turn}-${index}`
}
