import { isObject, isTexts, type JsonObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { Principal } from '../protocol/principal.ts'

const members = ['subject', 'issuer', 'roles', 'scopes', 'tenant', 'agent', 'claims']

/** How one is written. */
export const principalHelp = 'write `{"subject": "ada", "roles": ["desk"], "scopes": []}`'

/**
 * A principal that somebody wrote, in the words of policies and tests, for decisions that execute
 * nothing; a text that says what is wrong with it when it is none. Roles and scopes left out are
 * none.
 */
export function readPrincipal(value: unknown): Principal | string {
  if (!isObject(value)) return '`principal` is not an object'
  const unknown = Object.keys(value).find((key) => !members.includes(key))
  if (unknown !== undefined) {
    return `\`principal\` has no member \`${shorten(unknown, 64)}\`, only ${members.join(', ')}`
  }
  const { subject, issuer, tenant, agent, roles = [], scopes = [], claims } = value
  if (typeof subject !== 'string') return '`principal.subject` is not a text'
  for (const [name, text] of Object.entries({ issuer, tenant, agent })) {
    if (text !== undefined && typeof text !== 'string') return `\`principal.${name}\` is not a text`
  }
  if (!isTexts(roles)) return '`principal.roles` is not a list of texts'
  if (!isTexts(scopes)) return '`principal.scopes` is not a list of texts'
  if (claims !== undefined && !isObject(claims)) return '`principal.claims` is not an object'
  return { ...(value as JsonObject), subject, roles, scopes }
}
