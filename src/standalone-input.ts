import { SallyportError } from './base/errors.ts'
import { isObject } from './base/json.ts'
import { copyPlain } from './base/plain.ts'
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
  throw new SallyportError('bad-option', `the arguments are no plain data: ${copy.message}`)
}

/** As it is now: what the host makes of its object later changes no call under way. */
export function readPrincipal(principal: Principal | null): Principal | null {
  const copy = copyPlain(principal, { maxLength: 1024 * 1024, maxDepth: 64 })
  if (copy.ok) return copy.value as Principal | null
  throw new SallyportError('bad-option', `the principal is no plain data: ${copy.message}`)
}

/** Throws `bad-option` for what names no session. */
export function readSession(session: string): void {
  isText('session', session)
}

/** Throws `bad-option` for what is no list of messages. */
export function readHeard(messages: readonly Message[]): void {
  isArrayOf('messages', isMessage)('messages', messages)
}

/** Throws `bad-option` for what is no outcome. */
export function readOutcome(outcome: Outcome): void {
  if (isObject(outcome)) return
  throw new SallyportError('bad-option', 'the outcome is not an object', {
    help: 'pass `{ result }`, or `{ error }` where the tool has failed',
  })
}
