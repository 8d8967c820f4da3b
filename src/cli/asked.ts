import { principalHelp, readPrincipal } from '../analysis/principal.ts'
import type { GivenCall, Scenario } from '../analysis/scenario.ts'
import { errorData, type ErrorData } from '../base/errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { Principal } from '../protocol/principal.ts'

/** A question about one call, in the words of `tests:`. */
export interface Asked extends Omit<Scenario, 'principal'> {
  /** Undefined when the question does not say. */
  readonly principal?: Principal
}

/** Reads a question from a line of JSON. */
export function readAsked(line: string): Asked | ErrorData {
  const parsed = parseJson(line)
  if (!parsed.ok) return wrong(parsed.message, callHelp)
  const { value } = parsed
  if (!isObject(value)) return wrong('the line is not an object', callHelp)
  const unknown = Object.keys(value).find((key) => !lineKeys.includes(key))
  if (unknown === 'as') return wrong('`as` means nothing here', 'a line calls it `principal`')
  if (unknown !== undefined) {
    const known = `the members are ${lineKeys.join(', ')}`
    return wrong(`\`${shorten(unknown, 64)}\` means nothing here`, known)
  }
  const call = readCall(value)
  if ('code' in call) return call
  const given = readGiven(value['given'])
  if ('code' in given) return given
  const { prompt } = value
  if (prompt !== undefined && typeof prompt !== 'string') {
    return wrong('`prompt` is not a text', 'write what the user said in quotes, or leave it out')
  }
  const said = prompt === undefined ? {} : { prompt }
  if (value['principal'] === undefined) return { ...call, given, ...said }
  const principal = readPrincipal(value['principal'])
  if (typeof principal === 'string') return wrong(principal, principalHelp)
  return { ...call, given, ...said, principal }
}

const lineKeys = ['tool', 'args', 'principal', 'prompt', 'given', 'id']

const earlierKeys = ['tool', 'args', 'result', 'refused', 'times']
const earlierHelp = 'an earlier call has `tool`, `args`, `result` or `refused`, and `times`'

function readGiven(value: unknown = []): readonly GivenCall[] | ErrorData {
  if (!Array.isArray(value)) return wrong('`given` is not a list of calls', earlierHelp)
  const calls = value.map(readEarlier)
  return calls.find((call) => 'code' in call) ?? (calls as readonly GivenCall[])
}

function readEarlier(value: unknown): GivenCall | ErrorData {
  if (!isObject(value)) return wrong('a call of `given` is not an object', earlierHelp)
  const unknown = Object.keys(value).find((key) => !earlierKeys.includes(key))
  if (unknown !== undefined) {
    return wrong(`\`${shorten(unknown, 64)}\` means nothing in \`given\``, earlierHelp)
  }
  const call = readCall(value)
  if ('code' in call) return call
  const { result, refused, times } = value
  if (refused !== undefined && typeof refused !== 'boolean') {
    return wrong('`refused` is not true or false', earlierHelp)
  }
  if (refused === true && result !== undefined) {
    return wrong('`refused` stands beside a `result`', 'leave one of them out')
  }
  if (times !== undefined && !isTimes(times)) {
    return wrong('`times` is not a whole number from 1 to 100', 'leave it out for one call')
  }
  return {
    ...call,
    ...(times === undefined ? {} : { times }),
    ...(result === undefined ? {} : { result: result as JsonValue }),
    ...(refused === undefined ? {} : { refused }),
  }
}

function isTimes(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 100
}

const callHelp = 'write a call as `{"tool": "name", "args": {}}`'

function readCall(value: Record<string, unknown>): { tool: string; args: JsonObject } | ErrorData {
  const { tool, args = {} } = value
  if (tool === undefined) return wrong('`tool` is missing', callHelp)
  if (typeof tool !== 'string') return wrong('`tool` is not a text', callHelp)
  if (!isObject(args)) return wrong('`args` is not an object', callHelp)
  return { tool, args: args as JsonObject }
}

function wrong(message: string, help: string): ErrorData {
  return errorData('bad-json', message, { help })
}
