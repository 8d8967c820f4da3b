import { isObject, isTexts, parseJson, type JsonObject } from '../../base/json.ts'
import type { Principal } from '../../protocol/principal.ts'
import { acceptCaller, isName, maxClaimsLength, type AcceptedCaller } from './claims.ts'
import { refuse, type Refusal } from './refusal.ts'
import { withTimeLimit } from './time-limit.ts'

/**
 * The host's own authentication. Gets what was passed as `auth.custom` and returns the principal,
 * or null for a caller it does not know. A member of the principal that does not apply is left
 * out. It has 10 seconds, after which `signal` is aborted.
 */
export type CustomAuthenticator = (
  input: unknown,
  signal: AbortSignal,
) => Promise<Principal | null> | Principal | null

const timeoutMs = 10_000
const optionalTexts = ['issuer', 'tenant', 'agent'] as const
const members = new Set(['subject', 'roles', 'scopes', 'claims', ...optionalTexts])

/** Calls the host; whatever it throws or returns, the outcome is a checked copy or a refusal. */
export async function callAuthenticator(
  authenticator: CustomAuthenticator,
  input: unknown,
): Promise<AcceptedCaller | Refusal> {
  let returned: unknown
  try {
    returned = await withTimeLimit(timeoutMs, async (signal) => authenticator(input, signal))
  } catch {
    return failed('threw or did not answer in time')
  }
  if (returned === null) return refuse('unauthenticated', 'the authenticator knows no such caller')
  const principal = copyPrincipal(returned)
  return typeof principal === 'string' ? failed(principal) : acceptCaller(principal)
}

function failed(problem: string): Refusal {
  return refuse('authenticator-failed', `the custom authenticator ${problem}`)
}

/** A copy that is plain data, or what is wrong with the value. */
function copyPrincipal(value: unknown): Principal | string {
  const copy = copyJson(value)
  if (copy === undefined) return 'returned something that is not a principal'
  const unknown = Object.keys(copy).find((name) => !members.has(name))
  if (unknown !== undefined) return `returned a principal with the unknown member \`${unknown}\``
  if (!isName(copy['subject'])) return missing('subject')
  if (!isTexts(copy['roles'])) return missing('roles')
  if (!isTexts(copy['scopes'])) return missing('scopes')
  const bad = optionalTexts.find((name) => Object.hasOwn(copy, name) && !isName(copy[name]))
  if (bad !== undefined) return missing(bad)
  const { claims, ...rest } = copy
  if (claims === undefined) return rest as unknown as Principal
  if (!isObject(claims)) return missing('claims')
  const isSmall = JSON.stringify(claims).length <= maxClaimsLength
  return (isSmall ? copy : rest) as unknown as Principal
}

/** Through JSON text, so that getters, prototypes and later changes have no say. */
function copyJson(value: unknown): JsonObject | undefined {
  if (!isObject(value)) return undefined
  try {
    const parsed = parseJson(JSON.stringify(value))
    return parsed.ok && isObject(parsed.value) ? (parsed.value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

function missing(name: string): string {
  return `returned a principal without a usable member \`${name}\``
}
