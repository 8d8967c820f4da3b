import { crc32 } from 'node:zlib'
import { isObject } from '../../base/json.ts'
import { encodedFinder, shortestKnown } from './encoded.ts'
import { findAll, type Detector, type Found } from './span.ts'

interface Format {
  /** Global. Linear: of fixed or small bounded length, or begun only where its characters begin. */
  readonly pattern: RegExp
  readonly accept?: (match: string) => boolean
}

/**
 * Formats of well-known secrets, as their issuers document them. Where a format has a checksum it
 * has to be right, so that look-alikes in documentation are left alone. A slash may be escaped, as
 * many writers of JSON have it, also in a text in a text.
 */
const formats: readonly Format[] = [
  // GitHub: 30 characters and a checksum in base 62; fine-grained ones have none that is documented
  { pattern: /gh[pousr]_[A-Za-z0-9]{36}/g, accept: hasChecksum },
  { pattern: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/g },
  { pattern: /npm_[A-Za-z0-9]{36}/g, accept: hasChecksum },
  // Amazon: ids of keys, in base 32
  { pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])/g },
  { pattern: /(?<![A-Za-z0-9-])xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}/g },
  { pattern: /(?<![A-Za-z0-9-])xapp-[0-9]-[A-Za-z0-9-]{20,250}/g },
  {
    pattern:
      /hooks\.slack\.com\\{0,7}\/(?:services|workflows)\\{0,7}\/(?:[A-Za-z0-9]|\\{0,7}\/){20,120}/g,
  },
  { pattern: /(?<![A-Za-z0-9_])(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,250}/g },
  { pattern: /(?<![A-Za-z0-9_])whsec_[A-Za-z0-9+/=]{32,250}/g },
  // Google: API keys, client secrets, access tokens
  { pattern: /(?<![\w-])AIza[\w-]{35}(?![\w-])/g },
  { pattern: /GOCSPX-[\w-]{28}/g },
  { pattern: /(?<![\w-])ya29\.[\w-]{20,2048}/g },
  { pattern: /(?<![\w-])gl(?:pat|dt|ptt|rt|cbt|soat)-[\w-]{20,250}/g },
  // model providers
  { pattern: /(?<![\w-])sk-ant-[a-z]{3,5}[0-9]{2}-[\w-]{32,250}/g },
  { pattern: /(?<![\w-])sk-or-v1-[0-9a-f]{64}/g },
  { pattern: /(?<![\w-])sk-(?:proj|svcacct|admin|None)-[\w-]{32,250}/g },
  { pattern: /(?<![\w-])sk-[A-Za-z0-9]{48}(?![\w-])/g },
  { pattern: /(?<![\w-])hf_[A-Za-z]{34}(?![\w-])/g },
  { pattern: /(?<![\w-])SG\.[\w-]{22}\.[\w-]{43}/g },
  { pattern: /(?<![\w-])dop_v1_[0-9a-f]{64}/g },
  { pattern: /(?<![\w-])pypi-AgEIcHlwaS5vcmc[\w-]{50,1024}/g },
  { pattern: /(?<![\w-])shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}/g },
  { pattern: /(?<![\w-])hv[sb]\.[\w-]{24,300}/g },
  { pattern: /(?<![0-9])[0-9]{8,10}:AA[\w-]{33}(?![\w-])/g },
  { pattern: /AccountKey=(?:[A-Za-z0-9+]|\\{0,7}\/){86}==/g },
  // JSON Web Tokens (RFC 7519) with a signature
  { pattern: /(?<![\w-])eyJ[\w-]{10,8192}\.[\w-]{2,65536}\.[\w-]{16,8192}/g, accept: isToken },
  // URLs of databases with a password, which not everybody escapes, and with a driver
  {
    pattern:
      /(?<![a-z])(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|oracle|clickhouse|cockroachdb|neo4j)(?:\+[a-z0-9_+]{1,32})?:(?:\\{0,7}\/){2}[^\s:/@]{0,128}:(?:[^\s/"'`<>]{3,256}|[^\s:/@]{3,256})@/gi,
  },
]

const pemBegin = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g
const pemEnd = /-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g

/**
 * Finds secrets in texts: by the format of their issuer, and values the host knows, as they are or
 * in JSON, base64, hex or percent-encoding, at any offset, in any alphabet and over several lines.
 * Known values under 6 characters are not looked for.
 */
export function createSecretDetector(known: readonly string[] = []): Detector {
  const findKnown = encodedFinder(known.filter((value) => value.length >= shortestKnown))
  return (text) => [
    ...formats.flatMap(({ pattern, accept }) => findAll(pattern, text, accept)),
    ...findPem(text),
    ...findKnown(text),
  ]
}

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The last 6 of 36 characters are the CRC-32 of the others in base 62. */
function hasChecksum(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1)
  let rest = crc32(body.slice(0, 30))
  let text = ''
  for (let digit = 0; digit < 6; digit++) {
    text = letters[rest % 62]! + text
    rest = Math.floor(rest / 62)
  }
  return text === body.slice(30)
}

function isToken(text: string): boolean {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString('utf8'),
    )
    return isObject(header) && typeof header['alg'] === 'string'
  } catch {
    return false
  }
}

/** From the first line of a key to its last one, or to the end of the text. */
function findPem(text: string): readonly Found[] {
  const ends = findAll(pemEnd, text)
  let next = 0
  return findAll(pemBegin, text).map(({ start, end }) => {
    while (next < ends.length && ends[next]!.start < end) next++
    return { start, end: ends[next]?.end ?? text.length }
  })
}
