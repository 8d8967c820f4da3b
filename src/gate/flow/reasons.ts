import { shorten } from '../../base/text.ts'
import type { Origin } from '../../protocol/decision.ts'
import type { ArgumentFacts } from '../../protocol/facts.ts'
import type { Source } from './ledger.ts'

/** An argument that does not pass a check. */
export interface Problem {
  /** JSON pointer. */
  readonly argument: string
  readonly facts: ArgumentFacts
  /** Where the value, or what is wrong with it, was read; empty when the model made it. */
  readonly sources: readonly Source[]
  readonly isTooLong?: boolean
}

/** No reason repeats a value: it may be a secret, or written by whoever attacks. */
export function steeringReason(problems: readonly Problem[]): string {
  const [{ facts }] = problems as [Problem]
  const ways = [
    'the user names it in a message',
    ...(facts.idsFrom === undefined ? [] : [`${names(facts.idsFrom)} lists it`]),
    'a person approves the call',
  ]
  return `${subject(problems)} steers this call and is named by no trusted source${seen(problems)}; it passes when ${ways.join(' or ')}`
}

export function linkReason(problems: readonly Problem[]): string {
  return `${subject(problems)} has a link that no trusted source names${seen(problems)}; leave it out, or have the user name it or a person approve the call`
}

export function secretReason(problems: readonly Problem[]): string {
  return `${subject(problems)} would carry private data out${seen(problems)}; leave that data out, or have a person approve the call`
}

export function afterReason(tool: string): string {
  return `\`${shorten(tool, 128)}\` is not for sessions that have read untrusted text; do it in a new session, before such text is read`
}

function subject(problems: readonly Problem[]): string {
  const [first] = problems as [Problem]
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  const length = first.isTooLong === true ? ', which is too long to be looked at,' : ''
  return `\`${shorten(first.argument, 128)}\`${more}${length}`
}

function seen(problems: readonly Problem[]): string {
  const origin = problems.find(({ sources }) => sources.length > 0)?.sources[0]?.origin
  return origin === undefined ? '' : ` (it was read in ${place(origin)})`
}

function place({ kind, tool, field }: Origin): string {
  if (kind !== 'tool' || tool === undefined) return `a ${kind} message`
  const at = field === undefined || field === '' ? '' : ` at \`${shorten(field, 64)}\``
  return `a result of \`${shorten(tool, 128)}\`${at}`
}

function names(globs: readonly string[]): string {
  return globs.map((glob) => `\`${shorten(glob, 128)}\``).join(' or ')
}
