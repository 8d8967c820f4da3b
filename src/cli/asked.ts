import { principalHelp, readPrincipal } from '../analysis/principal.ts'
import type { GivenCall, Scenario } from '../analysis/scenario.ts'
import { errorData, type ErrorData } from '../base/errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../base/json.ts'
import type { Principal } from '../protocol/principal.ts'

/** A question about one call, in the words of `tests:`. */
export interface Asked extends Omit<Scenario, 'principal'> {
  /** Undefined when the question does not say. */
  readonly principal?: Principal
}

/** Reads a question from a line of JSON. */
export function readAsked(line: string): Asked | ErrorData {
  const parsed = parseJson(line)
  if (!parsed.ok) return errorData('bad-json', parsed.message)
  const { value } = parsed
  if (!isObject(value)) return errorData('bad-json', 'the line is not an object')
  const unknown = Object.keys(value).find((key) => !lineKeys.includes(key))
  if (unknown !== undefined) {
    return errorData('bad-json', `\`${unknown}\` means nothing here`, {
      help:
        unknown === 'as' ? 'a line calls it `principal`' : `the members are ${lineKeys.join(', ')}`,
    })
  }
  const call = readCall(value)
  if ('code' in call) return call
  const given: GivenCall[] = []
  for (const earlier of readGiven(value['given'])) {
    const read = readEarlier(earlier)
    if ('code' in read) return read
    given.push(read)
  }
  const principal = Object.hasOwn(value, 'principal')
    ? readPrincipal(value['principal'])
    : undefined
  if (typeof principal === 'string')
    return errorData('bad-json', principal, { help: principalHelp })
  const { prompt } = value
  if (prompt !== undefined && typeof prompt !== 'string') {
    return errorData('bad-json', '`prompt` is not a text')
  }
  return {
    ...call,
    given,
    ...(prompt === undefined ? {} : { prompt: prompt as string }),
    ...(principal === undefined ? {} : { principal }),
  }
}

const lineKeys = ['tool', 'args', 'principal', 'prompt', 'given', 'id']

function readGiven(value: unknown): readonly JsonValue[] {
  return Array.isArray(value) ? (value as JsonValue[]) : value === undefined ? [] : [null]
}

const earlierKeys = ['tool', 'args', 'result', 'refused', 'times']

function readEarlier(value: JsonValue): GivenCall | ErrorData {
  if (!isObject(value)) return errorData('bad-json', 'bad `given`')
  const unknown = Object.keys(value).find((key) => !earlierKeys.includes(key))
  if (unknown !== undefined) {
    return errorData('bad-json', `\`${unknown}\` means nothing in \`given\``, {
      help: 'an earlier call has `tool`, `args`, `result` or `refused`, and `times`',
    })
  }
  const call = readCall(value)
  if ('code' in call) return call
  const { result, refused, times } = value
  if (
    refused !== undefined &&
    (typeof refused !== 'boolean' || (refused && result !== undefined))
  ) {
    return errorData('bad-json', '`refused` is not a boolean, or stands beside a `result`')
  }
  if (times !== undefined && !isTimes(times)) {
    return errorData('bad-json', '`times` is not a whole number from 1 to 100')
  }
  return {
    ...call,
    ...(times === undefined ? {} : { times: times as number }),
    ...(result === undefined ? {} : { result: result as JsonValue }),
    ...(refused === undefined ? {} : { refused: refused as boolean }),
  }
}

function isTimes(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 100
}

const callHelp = 'write a call as `{"tool": "name", "args": {}}`'

function readCall(value: Record<string, unknown>): { tool: string; args: JsonObject } | ErrorData {
  const { tool, args = {} } = value
  if (tool === undefined) return errorData('bad-json', '`tool` is missing', { help: callHelp })
  if (typeof tool !== 'string') return errorData('bad-json', '`tool` is not a text')
  if (!isObject(args)) return errorData('bad-json', '`args` is not an object', { help: callHelp })
  return { tool, args: args as JsonObject }
}
