import { decodeBase64url } from './base64url.ts'

// primes at which the powers of 65537 are a small part of the residues
const fingerprintPrimes = [
  11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
] as const

/**
 * What is wrong with an RSA public key; undefined if nothing is. Demands a modulus of 2048 to
 * 16384 bits (RFC 7518 section 3.3; the upper bound limits the work of a verification), an odd
 * exponent with 2^16 < e < 2^256 (FIPS 186-5 section 5.1), and a modulus that does not come from
 * the broken generator of CVE-2017-15361.
 */
export function checkRsaKey(n: unknown, e: unknown): string | undefined {
  const modulus = readInteger(n)
  const exponent = readInteger(e)
  if (modulus === undefined || exponent === undefined) return 'its numbers are not base64url'
  const bits = modulus.toString(2).length
  if (bits < 2048 || bits > 16_384) return `its modulus has ${bits} bits, not 2048 to 16384`
  if (exponent < 65_537n || exponent >= 1n << 256n || exponent % 2n === 0n) {
    return 'its exponent is not an odd number between 2^16 and 2^256'
  }
  return isRocaModulus(modulus) ? 'its modulus comes from a broken generator' : undefined
}

function readInteger(text: unknown): bigint | undefined {
  const bytes = typeof text === 'string' ? decodeBase64url(text) : undefined
  if (bytes === undefined || bytes.length === 0 || bytes.length > 4096) return undefined
  return BigInt(`0x${bytes.toString('hex')}`)
}

/**
 * Primes of that generator are powers of 65537 modulo many small primes, and so is their product.
 * A sound modulus passes for one with a probability of about 2^-27.
 * Source: Nemec et al., The Return of Coppersmith's Attack, CCS 2017, section 2.
 */
function isRocaModulus(modulus: bigint): boolean {
  return fingerprintPrimes.every((prime) => isPowerOf65537(Number(modulus % BigInt(prime)), prime))
}

function isPowerOf65537(residue: number, prime: number): boolean {
  let power = 1
  do {
    if (power === residue) return true
    power = (power * 65_537) % prime
  } while (power !== 1)
  return false
}
