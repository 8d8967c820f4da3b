import type { JsonObject } from '../base/json.ts'

/** The authenticated caller on whose behalf a run acts; the words of `as:` in policy tests. */
export interface Principal {
  readonly subject: string
  /** Who vouches for the subject; the same subject of two issuers is two principals. */
  readonly issuer?: string
  /** Local roles, already mapped; inheritance is not applied here. */
  readonly roles: readonly string[]
  /** Scopes as granted; ceilings of roles are not applied here. */
  readonly scopes: readonly string[]
  readonly tenant?: string
  /** The agent that acts for the subject (RFC 8693 `act`), or the id of an API key. */
  readonly agent?: string
  /** Agents that have passed the task on to it, the last one first (nested `act` of RFC 8693). */
  readonly actors?: readonly string[]
  readonly claims?: JsonObject
}

/** Tells one principal from others: the same subject in two tenants is two. */
export function ownerOf(
  principal: Pick<Principal, 'subject' | 'issuer' | 'tenant'> | null,
): readonly (string | null)[] {
  const { issuer = null, subject = null, tenant } = principal ?? {}
  return tenant === undefined ? [issuer, subject] : [issuer, subject, tenant]
}
