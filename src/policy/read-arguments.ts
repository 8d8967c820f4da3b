import { pointerTokens, type JsonValue } from '../base/json.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { ArgumentTest, RuleArgument } from './document.ts'
import { compilePattern, type Pattern } from './pattern.ts'
import {
  boolean,
  listOf,
  mapping,
  numberOf,
  oneOf,
  withoutGaps,
  wrongType,
  type Name,
  type Read,
} from './shape.ts'
import { textOf, textProblem } from './texts.ts'
import { repairTest } from './repair.ts'
import { toJson, type Node } from './tree.ts'

const json: Read<JsonValue> = toJson

export const pattern: Read<Pattern> = (node, diagnostics) => {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    return wrongType(node, diagnostics, 'a pattern has to be a string', {
      help: 'put it in quotes, such as `"[0-9]{1,9}"`',
    })
  }
  const result = compilePattern(node.value)
  return result.ok
    ? result.pattern
    : diagnostics.error(node, 'bad-pattern', result.message, {
        help: result.help ?? 'write a regular expression in RE2 syntax',
      })
}

const anyText: Read<string> = (node, diagnostics) => {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    return wrongType(node, diagnostics, 'the value has to be a string', {
      help: 'write a text, in quotes where it looks like something else, such as `"10"`',
    })
  }
  if (node.value !== '') return node.value
  return diagnostics.error(node, 'bad-value', 'the value is empty', {
    help: 'write a text, or remove what holds it',
  })
}

const domain = textOf({
  what: 'a domain',
  pattern: /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/,
  maxLength: 253,
  help: 'write a host name in lower-case ASCII such as `desk.example`, or `*.desk.example` for the names below it',
})

const size = numberOf('the bound', { integer: true, minimum: 0 })

const nested: Read<ArgumentTest> = (node, diagnostics) => readTest(node, diagnostics)

const tests = {
  type: oneOf('`type`', ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']),
  const: json,
  enum: listOf('`enum`', json),
  minimum: numberOf('`minimum`'),
  maximum: numberOf('`maximum`'),
  exclusiveMinimum: numberOf('`exclusiveMinimum`'),
  exclusiveMaximum: numberOf('`exclusiveMaximum`'),
  multipleOf: numberOf('`multipleOf`', { above: 0 }),
  minLength: size,
  maxLength: size,
  minItems: size,
  maxItems: size,
  items: nested,
  anyItem: nested,
  startsWith: listOf('`startsWith`, for the first items of a list,', anyText),
  matches: pattern,
  containsMatch: pattern,
  contains: anyText,
  domain: listOf('`domain`', domain),
  equals: mapping(
    '`equals`',
    { principal: oneOf('`principal`', ['subject', 'tenant', 'agent']) },
    {},
  ),
  not: nested,
  anyOf: listOf('`anyOf`', nested),
  from: listOf('`from`', oneOf('a source', ['user', 'system', 'trusted', 'policy'])),
} as const

const bounds =
  'a number has `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, a text `minLength`, `maxLength`, a list `minItems`, `maxItems`'
const onePattern =
  'write `matches` for a pattern of the whole text, `containsMatch` for one of a part'

const options = {
  repair: repairTest,
  meant: {
    min: bounds,
    max: bounds,
    length: bounds,
    lt: bounds,
    lte: bounds,
    gt: bounds,
    gte: bounds,
    pattern: onePattern,
    regex: onePattern,
    regexp: onePattern,
    match: onePattern,
    value: 'write `const` for one value',
    eq: 'write `const` for one value',
    in: 'write `enum` for a list of values',
    values: 'write `enum` for a list of values',
    oneOf: 'write `enum` for a list of values, `anyOf` for a list of tests',
    allOf: 'tests beside each other all have to hold; write them in one mapping',
    required: 'an argument has to be there unless the test says `optional: true`',
    prefix: 'write `startsWith` for the first items of a list, `matches` for a text',
    format: 'write `domain` for hosts and addresses, else `matches` with a pattern',
  },
}
const innerTest = mapping('an argument test', {}, tests, options)
const outerTest = mapping('an argument test', {}, { ...tests, optional: boolean }, options)

function readTest(node: Node, diagnostics: Diagnostics): ArgumentTest | undefined {
  const test = innerTest(node, diagnostics)
  return isEmpty(node, diagnostics) ? undefined : test
}

function isEmpty(node: Node, diagnostics: Diagnostics): boolean {
  if (node.kind !== 'map' || node.entries.size > 0) return false
  diagnostics.error(node, 'bad-value', 'the argument test is empty', {
    help: 'name a test, or `optional: false` when only presence matters',
  })
  return true
}

/** The `args` of a rule. */
export const ruleArguments: Read<readonly RuleArgument[]> = (node, diagnostics) => {
  if (node.kind !== 'map') {
    return wrongType(node, diagnostics, '`args` has to be a mapping', {
      help: 'write the name of each argument and its test, such as `{ amount: { maximum: 100 } }`',
    })
  }
  if (node.entries.size === 0) {
    return diagnostics.error(node, 'bad-value', '`args` names no argument', {
      help: 'name one with its test, such as `{ amount: { maximum: 100 } }`, or leave `args` out',
    })
  }
  return withoutGaps(
    node.entries.map(({ name: text, value, start, end }) =>
      readArgument({ text, start, end }, value, diagnostics),
    ),
  )
}

function readArgument(name: Name, node: Node, diagnostics: Diagnostics): RuleArgument | undefined {
  const path = argumentPath(name, diagnostics)
  const fields = outerTest(node, diagnostics)
  if (path === undefined || fields === undefined || isEmpty(node, diagnostics)) return undefined
  if (fields.optional === undefined) return { name, path, optional: false, test: fields }
  const { optional, ...test } = fields
  return { name, path, optional, test }
}

const argumentName = { what: 'an argument name', maxLength: 256 }

function argumentPath(name: Name, diagnostics: Diagnostics): readonly string[] | undefined {
  const problem = textProblem(name.text, argumentName)
  if (problem !== undefined) {
    return diagnostics.error(name, problem.code, problem.message, { help: problem.help })
  }
  if (!name.text.startsWith('/')) return [name.text]
  const path = pointerTokens(name.text)
  if (path !== undefined) return path
  return diagnostics.error(name, 'bad-value', 'the argument name is not a JSON pointer', {
    help: 'in a pointer `~` is written `~0` and `/` inside a name `~1`',
  })
}
