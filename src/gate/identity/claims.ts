import { getPointer } from '../../base/json-path.ts'
import { deepFreeze, isObject, isTexts, type JsonObject } from '../../base/json.ts'
import type { JwtIssuer } from '../../protocol/identity.ts'
import type { Principal } from '../../protocol/principal.ts'
import { refuse, type Refusal } from './refusal.ts'

/** Longest JSON text of claims, in UTF-16 code units, that is handed on with a principal. */
export const maxClaimsLength = 4096

/** Most actors in a chain (RFC 8693 section 4.1). */
const maxActors = 4

/** Seconds after which `Date` has no days any more. */
const lastSecond = 8.64e12

export interface AcceptedCaller {
  readonly ok: true
  readonly principal: Principal
  /** First millisecond since the epoch at which the credential is no longer accepted. */
  readonly expiresAt?: number
}

/** Frozen, since one caller serves everybody who brings the same credential. */
export function acceptCaller(principal: Principal, expiresAt?: number): AcceptedCaller {
  return deepFreeze({ ok: true, principal, ...(expiresAt === undefined ? {} : { expiresAt }) })
}

/**
 * Decides about the claims of a token whose signature is right, and makes the principal out of
 * them. `now` is wall time in milliseconds. Nothing is converted: a claim of another type than
 * expected, null included, is a refusal (`token-claims`) and not an absent claim. Claims whose
 * JSON text is longer than 4096 code units are left out of the principal.
 */
export function acceptClaims(
  claims: JsonObject,
  issuer: JwtIssuer,
  now: number,
): AcceptedCaller | Refusal {
  const problem = checkRequired(claims, issuer) ?? checkAudience(claims, issuer)
  if (problem !== undefined) return problem
  const expiresAt = checkTimes(claims, issuer, now)
  if (typeof expiresAt !== 'number') return expiresAt
  const principal = readPrincipal(claims, issuer)
  return 'error' in principal ? principal : acceptCaller(principal, expiresAt)
}

function checkRequired(claims: JsonObject, issuer: JwtIssuer): Refusal | undefined {
  const missing = issuer.require.find(
    (name) => !Object.hasOwn(claims, name) || claims[name] === null || claims[name] === '',
  )
  return missing === undefined ? undefined : invalid(`the token has no claim \`${missing}\``)
}

/** `aud` is a text or a list of texts, and one of them is ours (RFC 7519 section 4.1.3). */
function checkAudience(claims: JsonObject, issuer: JwtIssuer): Refusal | undefined {
  const { aud } = claims
  const audience = typeof aud === 'string' ? [aud] : aud
  if (isTexts(audience) && audience.some((name) => issuer.audience.includes(name))) return undefined
  return refuse(
    'token-audience',
    'the token is not meant for this service',
    `ask the issuer for a token with the audience \`${issuer.audience[0]}\``,
  )
}

/** The end of the token's validity in milliseconds; it is over at that millisecond exactly. */
function checkTimes(claims: JsonObject, issuer: JwtIssuer, now: number): number | Refusal {
  const skew = issuer.clockSkewMs
  const exp = readTime(claims, 'exp')
  const nbf = readTime(claims, 'nbf')
  const iat = readTime(claims, 'iat')
  if (exp === null || nbf === null || iat === null) {
    return invalid('a time of the token is not a number of seconds')
  }
  if (exp === undefined) return invalid('the token has no claim `exp`')
  if (now >= exp + skew) return refuse('token-expired', 'the token has expired')
  if (now < Math.max(nbf ?? 0, iat ?? 0) - skew) {
    return refuse('token-not-yet-valid', 'the token is not valid yet')
  }
  if (issuer.maxAgeMs === undefined) return exp + skew
  if (iat === undefined) return invalid('the token has no claim `iat`')
  const tooOldAt = iat + issuer.maxAgeMs + skew
  if (now >= tooOldAt) return refuse('token-too-old', 'the token was issued too long ago')
  return Math.min(exp + skew, tooOldAt)
}

/** Milliseconds of a NumericDate, which may have a fraction; null if it is not one. */
export function readTime(claims: JsonObject, name: string): number | null | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (value === undefined) return undefined
  const isTime = typeof value === 'number' && value >= 0 && value <= lastSecond
  return isTime ? value * 1000 : null
}

function readPrincipal(claims: JsonObject, issuer: JwtIssuer): Principal | Refusal {
  const acting = readActors(claims)
  if ('error' in acting) return acting
  const at = issuer.claims
  const subject = getPointer(claims, at.subject)
  const tenant = at.tenant === undefined ? undefined : getPointer(claims, at.tenant)
  const named = at.agent === undefined ? undefined : getPointer(claims, at.agent)
  const agent = named === undefined ? acting[0] : named
  const scopes = readScopes(getPointer(claims, at.scopes))
  const roles = getPointer(claims, at.roles)
  if (!isName(subject)) return invalid(`the subject at \`${at.subject}\` is not a text`)
  if (tenant !== undefined && !isName(tenant)) {
    return invalid(`the tenant at \`${at.tenant}\` is not a text`)
  }
  if (agent !== undefined && !isName(agent)) {
    return invalid(`the agent at \`${at.agent}\` is not a text`)
  }
  if (scopes === undefined) return invalid(`the scopes at \`${at.scopes}\` are not texts`)
  if (roles !== undefined && !isTexts(roles)) {
    return invalid(`the roles at \`${at.roles}\` are not a list of texts`)
  }
  return {
    subject,
    issuer: issuer.issuer,
    roles: mapRoles(roles ?? [], issuer.roleMap),
    scopes,
    ...(tenant === undefined ? {} : { tenant }),
    ...(agent === undefined ? {} : { agent }),
    ...actorsBeside(agent, acting),
    ...(JSON.stringify(claims).length > maxClaimsLength ? {} : { claims }),
  }
}

/** Who acts for the subject, the outermost first: those inside it have passed the task on. */
function readActors(claims: JsonObject): readonly string[] | Refusal {
  const subjects: string[] = []
  for (let holder = claims; Object.hasOwn(holder, 'act');) {
    const actor = holder['act']
    if (subjects.length === maxActors) {
      return invalid(`the token has more than ${maxActors} actors`)
    }
    if (!isObject(actor) || !isName(actor['sub'])) return invalid('an actor has no subject')
    subjects.push(actor['sub'])
    holder = actor as JsonObject
  }
  return subjects
}

function actorsBeside(
  agent: string | undefined,
  acting: readonly string[],
): Pick<Principal, 'actors'> {
  const actors = acting.filter((name) => name !== agent)
  return actors.length === 0 ? {} : { actors }
}

/** One text with single spaces between scopes (RFC 6749 section 3.3), or a list of texts. */
function readScopes(value: unknown): readonly string[] | undefined {
  if (value === undefined) return []
  const scopes = typeof value === 'string' ? value.split(' ') : value
  return isTexts(scopes) ? [...new Set(scopes)].filter((scope) => scope !== '') : undefined
}

/** Local roles of the names the policy knows; other names do nothing. */
function mapRoles(
  names: readonly string[],
  roleMap: Readonly<Record<string, string>>,
): readonly string[] {
  const mapped = names.filter((name) => Object.hasOwn(roleMap, name))
  return [...new Set(mapped.map((name) => roleMap[name]!))]
}

export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function invalid(message: string): Refusal {
  return refuse('token-claims', message)
}
