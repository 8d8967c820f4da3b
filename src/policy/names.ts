import { firmSteps } from './layers.ts'
import { pointerTokens } from '../base/json.ts'
import { readDuration } from '../base/duration.ts'
import { shorten, visible } from '../base/text.ts'
import { isDay } from '../base/time-text.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { Span } from './source.ts'
import { globProblem } from './glob.ts'
import { formed, listOf, type Name, type Read } from './shape.ts'
import { named, parsed, textOf, textProblem, type TextRule } from './texts.ts'

const identifier = /^[A-Za-z0-9][A-Za-z0-9_:.-]{0,63}$/
const tool = /^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}$/

/** True for names that a tool can have: 1 to 128 ASCII characters of MCP names and dots. */
export function isToolName(name: string): boolean {
  return tool.test(name)
}

/** True for ids of rules, limits, keys, roles and scopes. */
export function isId(name: string): boolean {
  return identifier.test(name)
}

const idRule = {
  what: 'an id',
  pattern: identifier,
  help: 'use 1 to 64 of the characters A-Z a-z 0-9 _ : . - and begin with a letter or a digit',
}

/** Id of a rule, limit, key, role or scope. */
export const id: Read<string> = textOf(idRule)
export const namedId: Read<Name> = named(id)

const reservedIds: ReadonlySet<string> = new Set([
  ...firmSteps,
  'default',
  'bad_json',
  'bad_args',
  'truncated',
  'gate_error',
  'approval_denied',
  'approval_expired',
  'approval_limit',
])
const reservedPrefix = /^(limits|guards|flow|sequences|hooks)\./

/** Id of a rule: decisions that no rule makes carry names of their own, which it cannot have. */
export const ruleId: Read<string> = formed('an id, such as `refund-small`', (node, diagnostics) => {
  const value = id(node, diagnostics)
  if (value === undefined || (!reservedIds.has(value) && !reservedPrefix.test(value))) return value
  return diagnostics.error(node, 'bad-value', `the id \`${value}\` is reserved`, {
    help: 'decisions that no rule makes are named so; choose another id',
  })
})

const toolRule = {
  what: 'a tool name',
  pattern: tool,
  help: 'use 1 to 128 of the characters A-Z a-z 0-9 _ . : / -',
}

export function checkIdKey(key: Name, diagnostics: Diagnostics): void {
  checkKey(key, idRule, diagnostics)
}

export function checkToolKey(key: Name, diagnostics: Diagnostics): void {
  checkKey(key, toolRule, diagnostics)
}

function checkKey(key: Name, rule: Omit<TextRule, 'secret'>, diagnostics: Diagnostics): void {
  const problem = textProblem(key.text, rule)
  if (problem !== undefined)
    diagnostics.error(key, problem.code, problem.message, { help: problem.help })
}

const argumentRule = {
  what: 'an argument name',
  maxLength: 256,
  help: 'write the name as the tool has it',
}
const programRule = {
  what: 'a program',
  pattern: /^[A-Za-z0-9_./+-]{1,256}$/,
  help: 'write the name of a program, or its absolute path',
}

export function checkArgumentKey(key: Name, diagnostics: Diagnostics): void {
  checkKey(key, argumentRule, diagnostics)
}

export function checkProgramKey(key: Name, diagnostics: Diagnostics): void {
  checkKey(key, programRule, diagnostics)
}

/** A JSON Pointer (RFC 6901), also the empty one; `*` stands for any index or key. */
export function checkPointerKey(key: Name, diagnostics: Diagnostics): void {
  if (pointerTokens(key.text) !== undefined) return
  diagnostics.error(
    key,
    'bad-value',
    `\`${visible(key.text.slice(0, 64))}\` is not a JSON pointer`,
    {
      help: 'begin with `/`, such as `/*/body`',
    },
  )
}

const toolOrGlob = textOf({ what: 'a tool name or glob', maxLength: 128 })

/** A glob over tool names: `*` is a part of one dotted segment, `**` anything. */
export const glob: Read<Name> = named((node, diagnostics) => {
  const value = toolOrGlob(node, diagnostics)
  if (value === undefined) return undefined
  const problem = globProblem(value)
  return problem === undefined
    ? value
    : diagnostics.error(node, 'bad-value', problem, {
        help: 'use a tool name with `*` for a part of one dotted segment and `**` for anything',
      })
})

export const globs: Read<readonly Name[]> = listOf('the list of tools', glob)

/** Milliseconds. */
export const duration: Read<number> = parsed(
  { what: 'a duration', help: 'write a whole number and one of ms, s, m, h, d, such as `30s`' },
  readDuration,
)

/** A JSON Pointer (RFC 6901) to something below the root: no text that is read is empty. */
export const pointer: Read<string> = parsed(
  { what: 'a JSON pointer', help: 'begin with `/`, such as `/amount` or `/order/id`' },
  (value) => (pointerTokens(value) === undefined ? undefined : value),
)

const instantPattern =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** Milliseconds since the epoch of an RFC 3339 time with its offset. */
export const instant: Read<number> = parsed(
  { what: 'a time', help: 'write RFC 3339 with an offset, such as `2027-01-31T18:00:00Z`' },
  (value) => {
    if (!instantPattern.test(value) || !isDay(value.slice(0, 10))) return undefined
    const milliseconds = Date.parse(value.toUpperCase())
    return Number.isNaN(milliseconds) ? undefined : milliseconds
  },
)

/** `YYYY-MM-DD`, a day that exists. */
export const date: Read<string> = parsed({ what: 'a date', help: 'write `YYYY-MM-DD`' }, (value) =>
  isDay(value) ? value : undefined,
)

export const sentence: Read<string> = textOf({ what: 'the text', maxLength: 2000 })

/** Every id has to be the only one of its kind; the second one is reported. */
export function checkUnique(
  what: string,
  items: readonly (Name | { readonly id: string; readonly at: Span })[],
  diagnostics: Diagnostics,
): void {
  const seen = new Map<string, Span>()
  for (const item of items) {
    const name = 'id' in item ? item.id : item.text
    const at = 'id' in item ? item.at : item
    const first = seen.get(name)
    if (first === undefined) {
      seen.set(name, at)
      continue
    }
    const message = `the ${what} \`${shorten(name, 64)}\` is used twice`
    diagnostics.error(at, 'duplicate-id', message, {
      help: `choose another one; it stands in line ${diagnostics.source.point(first.start).line} already`,
    })
  }
}
