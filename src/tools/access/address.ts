type Range = readonly [first: readonly number[], bits: number]

function range(text: string): Range {
  const [address, bits] = text.split('/') as [string, string]
  return [readAddress(address)!, Number(bits)]
}

/** IANA special-purpose addresses (RFC 6890), multicast, and the platform address of one cloud. */
const closed4: readonly Range[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map(range)

/** The only part of IPv6 that is routed everywhere, and what of it is special. */
const open6 = range('2000::/3')
const closed6: readonly Range[] = ['2001::/23', '2001:db8::/32', '3fff::/20'].map(range)

const mapped = range('::ffff:0:0/96')
const nat64 = range('64:ff9b::/96')
const sixToFour = range('2002::/16')
const teredo = range('2001::/32')

/**
 * Whether an address (dotted IPv4, or IPv6 with or without brackets) is one of the public internet,
 * judged by its bytes. An IPv6 address that carries IPv4 ones (mapped, NAT64, 6to4, Teredo) is
 * public when all of these are. False for everything that is not an address.
 */
export function isPublicAddress(text: string): boolean {
  const bytes = readAddress(text.replace(/^\[(.*)\]$/, '$1'))
  return bytes !== undefined && isPublic(bytes)
}

/** True for the text of an IPv4 or IPv6 address as the URL standard and resolvers write it. */
export function isAddress(text: string): boolean {
  return readAddress(text.replace(/^\[(.*)\]$/, '$1')) !== undefined
}

function isPublic(bytes: readonly number[]): boolean {
  if (bytes.length === 4) return !closed4.some((closed) => inRange(bytes, closed))
  const carried = carriedAddresses(bytes)
  if (carried !== undefined) return carried.every(isPublic)
  return inRange(bytes, open6) && !closed6.some((closed) => inRange(bytes, closed))
}

function carriedAddresses(bytes: readonly number[]): readonly (readonly number[])[] | undefined {
  if (inRange(bytes, mapped) || inRange(bytes, nat64)) return [bytes.slice(12)]
  if (inRange(bytes, sixToFour)) return [bytes.slice(2, 6)]
  // server, and client with all bits turned over (RFC 4380 section 4)
  if (inRange(bytes, teredo)) return [bytes.slice(4, 8), bytes.slice(12).map((byte) => 255 - byte)]
  return undefined
}

function inRange(bytes: readonly number[], [first, bits]: Range): boolean {
  if (bytes.length !== first.length) return false
  const whole = bits >> 3
  for (let at = 0; at < whole; at++) if (bytes[at] !== first[at]) return false
  const rest = 8 - (bits & 7)
  return rest === 8 || bytes[whole]! >> rest === first[whole]! >> rest
}

function readAddress(text: string): readonly number[] | undefined {
  return text.includes(':') ? readIpv6(text) : readIpv4(text)
}

function readIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  const isDotted = parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part))
  const bytes = parts.map(Number)
  return isDotted && bytes.every((byte) => byte <= 255) ? bytes : undefined
}

function readIpv6(text: string): readonly number[] | undefined {
  // a zone names an interface of this machine, so nothing with one is public
  if (text.length > 45 || text.includes('%')) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => readGroups(half))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 16 - head.length - (tail?.length ?? 0)
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])]
}

function readGroups(text: string): number[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  const bytes: number[] = []
  for (const [index, group] of groups.entries()) {
    if (group.includes('.') && index === groups.length - 1) {
      const last = readIpv4(group)
      if (last === undefined) return undefined
      bytes.push(...last)
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 255)
    }
  }
  return bytes
}
