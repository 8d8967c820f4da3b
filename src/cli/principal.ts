import { errorData, type ErrorData } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { Principal } from '../protocol/principal.ts'

const keys = ['subject', 'issuer', 'roles', 'scopes', 'tenant', 'agent', 'claims']

/** A principal written by hand, for decisions that execute nothing; undefined when absent. */
export function readPrincipal(value: unknown): Principal | ErrorData | undefined {
  if (value === undefined) return undefined
  if (!isObject(value)) return wrong('`principal` is not an object')
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  if (unknown !== undefined) return wrong(`a principal has no \`${unknown}\``)
  const { subject, issuer, tenant, agent, roles = [], scopes = [] } = value
  if (typeof subject !== 'string') return wrong('`principal.subject` is not a text')
  for (const [name, text] of Object.entries({ issuer, tenant, agent })) {
    if (text !== undefined && typeof text !== 'string') {
      return wrong(`\`principal.${name}\` is not a text`)
    }
  }
  if (!isTexts(roles)) return wrong('`principal.roles` is not a list of texts')
  if (!isTexts(scopes)) return wrong('`principal.scopes` is not a list of texts')
  return { ...(value as unknown as Principal), roles, scopes }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function wrong(message: string): ErrorData {
  return errorData('bad-json', message, { help: `its members are ${keys.join(', ')}` })
}
