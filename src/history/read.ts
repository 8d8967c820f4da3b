import { isSallyportError, SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { CallStatus } from '../protocol/call.ts'
import type { CallBelow } from '../protocol/child-run.ts'
import { isMessage } from '../protocol/option-checks.ts'
import { unpaired } from './pairs.ts'
import type { HistoryEntry, ModelCall } from './entry.ts'

/** Entries of a conversation; of one that is longer nothing is used. */
export const maxEntries = 100_000

/** Calls of agents in one entry. */
export const maxBelow = 1_000

const statuses: Readonly<Record<CallStatus, true>> = {
  success: true,
  'error-parsing': true,
  'error-validation': true,
  'error-not-found': true,
  'error-security': true,
  'error-execution': true,
  'error-output': true,
  timeout: true,
  cancelled: true,
  'denied-by-human': true,
  'approval-expired': true,
  truncated: true,
  abandoned: true,
  'unknown-outcome': true,
  skipped: true,
}

/**
 * What a store gave back, once it is known to be a conversation: messages that are well-formed,
 * every call with its result and no result without its call. Throws `bad-history` for anything
 * else: what is damaged is not used in part.
 */
export function checkedEntries(key: string, given: unknown): readonly HistoryEntry[] {
  if (!Array.isArray(given)) throw damaged(key, 'the store gives back no list of entries')
  if (given.length > maxEntries) throw damaged(key, `it has more than ${maxEntries} entries`)
  for (let at = 0; at < given.length; at++) {
    const problem = problemOf(given[at], at)
    if (problem !== undefined) throw damaged(key, `entry ${at}: ${problem}`)
  }
  const entries = given as readonly HistoryEntry[]
  const broken = unpaired(entries.map(({ message }) => message))
  if (broken !== undefined) {
    throw damaged(key, `entry ${broken.at}: ${broken.problem}, \`${shorten(broken.callId, 80)}\``)
  }
  const summary = entries.findLast(({ covers }) => covers !== undefined)
  const covered = entries.slice(0, summary?.covers ?? 0).map(({ message }) => message)
  if (unpaired(covered) !== undefined) {
    throw damaged(key, 'its summary does not stand for whole calls with their results')
  }
  return entries
}

function problemOf(entry: unknown, at: number): string | undefined {
  if (!isObject(entry)) return 'it is no object'
  const { argsUnknown, below, calls, covers, message, runId, status, untrusted, unvouched } = entry
  const said = messageProblem(message)
  if (said !== undefined) return said
  const { label, role } = message as { label?: unknown; role?: string }
  if (role === 'system') return 'a store keeps no instructions of the system'
  if (!isTime(entry['at'])) return '`at` is no time'
  if (typeof runId !== 'string' || runId === '') return '`runId` is no text'
  if (untrusted !== undefined && untrusted !== true) return '`untrusted` is not true'
  if (argsUnknown !== undefined && argsUnknown !== true) return '`argsUnknown` is not true'
  if (unvouched !== undefined && unvouched !== true) return '`unvouched` is not true'
  if (status !== undefined && !isStatus(status)) {
    return '`status` is not how a call ends'
  }
  if (calls !== undefined && !(Array.isArray(calls) && calls.every(isModelCall))) {
    return '`calls` is no list of model calls'
  }
  if (below !== undefined && !(role === 'tool' && isBelow(below))) {
    return '`below` is not what agents have called'
  }
  if (covers === undefined) return undefined
  const isCount = typeof covers === 'number' && Number.isInteger(covers)
  if (!isCount || covers < 1 || covers > at) return '`covers` is not a number of entries before it'
  return role === 'user' && label !== undefined ? undefined : 'a summary without a label'
}

function isStatus(value: unknown): value is CallStatus {
  return typeof value === 'string' && Object.hasOwn(statuses, value)
}

function isBelow(value: unknown): value is readonly CallBelow[] | null {
  if (value === null) return true
  return Array.isArray(value) && value.length <= maxBelow && value.every(isCallBelow)
}

function isCallBelow(value: unknown): value is CallBelow {
  if (!isObject(value) || typeof value['tool'] !== 'string') return false
  const { args, status } = value
  return (args === undefined || isObject(args)) && (status === undefined || isStatus(status))
}

function messageProblem(message: unknown): string | undefined {
  try {
    isMessage('message', message)
    return undefined
  } catch (error) {
    if (isSallyportError(error)) return error.message
    throw error
  }
}

function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}T/.test(value) &&
    !Number.isNaN(Date.parse(value))
  )
}

const counts = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const

function isModelCall(value: unknown): value is ModelCall {
  if (!isObject(value) || typeof value['model'] !== 'string' || !isTime(value['at'])) return false
  const { cost, usage } = value
  if (!isObject(usage) || !counts.every((name) => isAmount(usage[name]))) return false
  return cost === undefined || (isObject(cost) && isAmount(cost['amount']))
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function damaged(key: string, problem: string): SallyportError {
  return new SallyportError(
    'bad-history',
    `conversation \`${shorten(key, 120)}\` cannot be used: ${problem}`,
    { help: 'restore it from a copy, or remove it from the store' },
  )
}
