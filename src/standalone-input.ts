import { SallyportError } from './base/errors.ts'
import { isObject, isTexts } from './base/json.ts'
import { ownData } from './base/options.ts'
import { copyPlain } from './base/plain.ts'
import { isName } from './gate/identity/claims.ts'
import { isArrayOf, isMessage, isPlainObject, isText } from './protocol/option-checks.ts'
import type { Message } from './protocol/message.ts'
import type { Principal } from './protocol/principal.ts'
import type { Outcome, ProposedCall } from './standalone-gate.ts'

/** A call whose arguments are a text, whoever has parsed them. Throws `bad-option`. */
export function readCall(call: ProposedCall): { tool: string; args: string; id: string } {
  isPlainObject('call', call)
  const { tool, args, id = '' } = call
  isText('tool', tool)
  isText('id', id)
  return { tool, args: argumentText(args), id }
}

/** Arguments somebody has parsed are written out again, so that all take the same path. */
function argumentText(args: ProposedCall['args']): string {
  if (typeof args === 'string') return args
  const copy = copyPlain(args, { maxLength: 4 * 1024 * 1024, maxDepth: 64 })
  if (copy.ok) return JSON.stringify(copy.value)
  throw new SallyportError('bad-option', `the arguments are no plain data: ${copy.message}`, {
    help: 'pass the text that the model sent, or what `JSON.parse` makes of it',
  })
}

const isGivenName = (value: unknown): boolean => value === undefined || isName(value)

const principalChecks: Readonly<Record<keyof Principal, (value: unknown) => boolean>> = {
  subject: isName,
  issuer: isGivenName,
  roles: isTexts,
  scopes: isTexts,
  tenant: isGivenName,
  agent: isGivenName,
  actors: (value) => value === undefined || isTexts(value),
  claims: (value) => value === undefined || isObject(value),
}

/**
 * As it is now: what the host makes of its object later changes no call under way. Throws
 * `bad-option` for what is neither a principal nor null, which stands for nobody.
 */
export function readPrincipal(principal: Principal | null): Principal | null {
  if (principal === null) return null
  const copy = copyPlain(principal, { maxLength: 1024 * 1024, maxDepth: 64 })
  if (!copy.ok) throw noPrincipal(`the principal is no plain data: ${copy.message}`)
  const { value } = copy
  if (!isObject(value)) throw noPrincipal('the principal is not an object')
  const bad = Object.entries(principalChecks).find(([name, check]) => !check(value[name]))
  if (bad !== undefined) throw noPrincipal(`the principal has no usable member \`${bad[0]}\``)
  return value as unknown as Principal
}

function noPrincipal(message: string): SallyportError {
  return new SallyportError('bad-option', message, {
    help: 'pass `{ subject, roles, scopes }`, what `createAuthenticator` tells of a caller, or null for nobody',
  })
}

/** Throws `bad-option` for what names no session. */
export function readSession(session: string): void {
  isText('session', session)
}

/** As they are now. Throws `bad-option` for what is no list of messages. */
export function readHeard(messages: readonly Message[]): readonly Message[] {
  const own = ownData('messages', messages)
  isArrayOf('messages', isMessage)('messages', own)
  return own
}

/** Throws `bad-option` for what is no outcome. */
export function readOutcome(outcome: Outcome): void {
  const given = isObject(outcome) ? ['result', 'error'].filter((name) => name in outcome) : []
  if (given.length === 1) return
  const problem = given.length === 0 ? 'neither a `result` nor' : 'both a `result` and'
  throw new SallyportError('bad-option', `the outcome has ${problem} an \`error\``, {
    help: 'pass `{ result }`, or `{ error }` alone where the tool has failed',
  })
}
