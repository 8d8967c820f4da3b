import { SallyportError } from '../../base/errors.ts'
import { isObject, pointerTokens } from '../../base/json.ts'
import { isProtected } from '../../base/protected-url.ts'
import { isDay } from '../../base/time-text.ts'
import type { ApiKey, IdentityConfiguration, JwtIssuer } from '../../protocol/identity.ts'
import { algorithms, isSymmetric } from './algorithms.ts'

const maxSkewMs = 600_000
const hashOfNothing = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * Throws `bad-option` for an identity section under which somebody might be let in by mistake.
 * Policy files have been checked before; this holds for sections that were built by hand too.
 */
export function checkIdentity(identity: IdentityConfiguration): void {
  if (!isObject(identity)) fail('the identity section is not an object', sectionHelp)
  const { anonymous, anonymousRole, jwt, apiKeys } = identity
  const isRole = anonymous === 'role'
  if ((!isRole && anonymous !== 'deny') || isRole !== Boolean(anonymousRole)) {
    fail('`anonymous` is not `deny`, and not `role` with an `anonymousRole`', sectionHelp)
  }
  if (!areObjects(jwt) || !areObjects(apiKeys)) {
    fail('`jwt` and `apiKeys` are not both lists of objects', sectionHelp)
  }
  checkUnique(
    'issuer',
    jwt.map((issuer) => issuer.issuer),
  )
  checkUnique(
    'id of an API key',
    apiKeys.map((key) => key.id),
  )
  checkUnique(
    'hash of an API key',
    apiKeys.map((key) => key.hash),
  )
  jwt.forEach(checkIssuer)
  apiKeys.forEach(checkApiKey)
}

function checkIssuer(issuer: JwtIssuer): void {
  const lists = [issuer.audience, issuer.algorithms, issuer.require]
  const isWhole = typeof issuer.issuer === 'string' && lists.every(Array.isArray)
  if (!isWhole || !areObjects([issuer.claims, issuer.roleMap])) {
    fail(
      'an issuer lacks one of `issuer`, `audience`, `algorithms`, `require`, `claims` and `roleMap`',
    )
  }
  const name = `the issuer \`${issuer.issuer}\``
  if (issuer.issuer === '') fail('an issuer has an empty name')
  if (issuer.audience.length === 0) fail(`${name} has no audience`, 'add `audience`')
  checkKeys(issuer, name)
  if (!isDuration(issuer.clockSkewMs) || issuer.clockSkewMs > maxSkewMs) {
    fail(`${name} has a clock skew that is not between 0 and ${maxSkewMs} ms`)
  }
  if (issuer.maxAgeMs !== undefined && !isDuration(issuer.maxAgeMs)) {
    fail(`${name} has a \`maxAge\` that is not a duration`)
  }
  if (issuer.proof !== undefined && !['none', 'dpop', 'mtls'].includes(issuer.proof)) {
    fail(`${name} has a \`proof\` that is not known`, 'use `none`, `dpop` or `mtls`')
  }
  for (const pointer of Object.values(issuer.claims)) {
    if (pointerTokens(pointer) === undefined) fail(`\`${pointer}\` is not a JSON pointer`)
  }
}

/** Secrets and public keys never serve one issuer together (RFC 8725 section 3.1). */
function checkKeys(issuer: JwtIssuer, name: string): void {
  const { jwks, jwksFile, secretEnv } = issuer
  if ([jwks, jwksFile, secretEnv].filter((source) => source !== undefined).length !== 1) {
    fail(`${name} needs exactly one of \`jwks\`, \`jwksFile\` and \`secretEnv\``)
  }
  const unknown = issuer.algorithms.find((algorithm) => !algorithms.has(algorithm))
  if (unknown !== undefined) fail(`the algorithm \`${unknown}\` is not known`)
  const symmetric = issuer.algorithms.filter(isSymmetric).length
  if (issuer.algorithms.length === 0) fail(`${name} has no algorithms`, 'add `algorithms`')
  if (symmetric > 0 && symmetric < issuer.algorithms.length) {
    fail(`${name} mixes algorithms for shared secrets with algorithms for public keys`)
  }
  if (symmetric > 0 && jwks !== undefined) fail(`${name} would publish its secrets in \`jwks\``)
  if (symmetric === 0 && secretEnv !== undefined) {
    fail(`${name} has a shared secret but no algorithm for it`, 'use `HS256`')
  }
  if (jwks !== undefined) checkUrl(jwks)
}

function checkUrl(text: string): void {
  const url = URL.parse(text)
  if (url === null || !isProtected(url)) {
    fail(`\`${text}\` is not an address of a key set`, 'use `https:`')
  }
  if (url.username !== '' || url.password !== '') fail('the address of a key set holds a password')
}

function checkApiKey(key: ApiKey): void {
  if (!/^sha256:[0-9a-f]{64}$/.test(key.hash)) {
    fail(`the hash of the API key \`${key.id}\` is not \`sha256:\` and 64 hexadecimal digits`)
  }
  if (key.hash === hashOfNothing) fail(`the API key \`${key.id}\` is empty`)
  if (key.id === '' || key.subject === '') fail('an API key has an empty id or subject')
  if (key.expires !== undefined && !isDay(key.expires)) {
    fail(`\`${key.expires}\` is not a day`, 'write it as `YYYY-MM-DD`')
  }
}

const sectionHelp =
  "pass the `identity` of a policy, or `{ anonymous: 'deny', jwt: [], apiKeys: [] }`"

function areObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject)
}

function checkUnique(what: string, names: readonly string[]): void {
  const seen = new Set<string>()
  const twice = names.find((name) => seen.size === seen.add(name).size)
  if (twice !== undefined) fail(`the ${what} \`${twice}\` occurs twice`)
}

function isDuration(value: number): boolean {
  return Number.isFinite(value) && value >= 0
}

function fail(message: string, help?: string): never {
  throw new SallyportError('bad-option', message, { help })
}
