import { hash } from 'node:crypto'

/** 48 bits of a digest that nobody can compute, or guess values with, who does not have the key. */
export type KeyedDigest = (text: string) => number

/**
 * SipHash-2-4 (Aumasson and Bernstein 2012) of a text as UTF-16LE under the first half of the
 * key's SHA-256, cut to what a number holds; 64-bit words are pairs of 32 bits. Two of a million
 * different texts meet by chance once in six hundred sessions; nobody can look for such a pair
 * without the key. Most texts are words of a few letters, for which calling out of the engine
 * costs ten times the digest.
 */
export function keyedDigest(key: string): KeyedDigest {
  return sipHash(hash('sha256', key, 'buffer').subarray(0, 16))
}

/** Under a key of 16 bytes; lone surrogates count as the replacement character. */
export function sipHash(key: Buffer): KeyedDigest {
  const [k0, k1, k2, k3] = [0, 4, 8, 12].map((at) => key.readInt32LE(at)) as Key
  return (written) => {
    const text = written.isWellFormed() ? written : written.toWellFormed()
    const whole = text.length >> 2
    let [a, A, b, B] = [k0 ^ 0x70736575, k1 ^ 0x736f6d65, k2 ^ 0x6e646f6d, k3 ^ 0x646f7261]
    let [c, C, d, D] = [k0 ^ 0x6e657261, k1 ^ 0x6c796765, k2 ^ 0x79746573, k3 ^ 0x74656462]
    let carry = 0
    // the block behind the whole ones holds the length, and four rounds without one are the end
    for (let block = 0; block <= whole + 1; block++) {
      const at = block * 4
      let low = 0
      let high = 0
      if (block < whole) {
        low = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)
        high = text.charCodeAt(at + 2) | (text.charCodeAt(at + 3) << 16)
      } else if (block === whole) {
        if (at < text.length) low = text.charCodeAt(at)
        if (at + 1 < text.length) low |= text.charCodeAt(at + 1) << 16
        if (at + 2 < text.length) high = text.charCodeAt(at + 2)
        high |= text.length << 25
      } else c ^= 0xff
      d ^= low
      D ^= high
      for (let round = block > whole ? 4 : 2; round > 0; round--) {
        a = (a + b) | 0
        carry = a >>> 0 < b >>> 0 ? 1 : 0
        A = (A + B + carry) | 0
        carry = (b << 13) | (B >>> 19)
        B = ((B << 13) | (b >>> 19)) ^ A
        b = carry ^ a
        // turned by 32 bits: the halves change places
        carry = a
        a = A
        A = carry
        c = (c + d) | 0
        carry = c >>> 0 < d >>> 0 ? 1 : 0
        C = (C + D + carry) | 0
        carry = (d << 16) | (D >>> 16)
        D = ((D << 16) | (d >>> 16)) ^ C
        d = carry ^ c
        a = (a + d) | 0
        carry = a >>> 0 < d >>> 0 ? 1 : 0
        A = (A + D + carry) | 0
        carry = (d << 21) | (D >>> 11)
        D = ((D << 21) | (d >>> 11)) ^ A
        d = carry ^ a
        c = (c + b) | 0
        carry = c >>> 0 < b >>> 0 ? 1 : 0
        C = (C + B + carry) | 0
        carry = (b << 17) | (B >>> 15)
        B = ((B << 17) | (b >>> 15)) ^ C
        b = carry ^ c
        carry = c
        c = C
        C = carry
      }
      a ^= low
      A ^= high
    }
    return ((a ^ b ^ c ^ d) >>> 0) + ((A ^ B ^ C ^ D) & 0xffff) * 0x1_0000_0000
  }
}

type Key = [number, number, number, number]
