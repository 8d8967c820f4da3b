import type { PolicyTest } from './document.ts'
import { boolean, oneOf, jsonObject, listOf, mapping, numberOf, type Read } from './shape.ts'
import type { JsonValue } from '../base/json.ts'
import { toJson } from './tree.ts'

/** Values of tests are what an attacker may send; nothing about their text is refused. */
const anyText: Read<string> = (node, diagnostics) =>
  node.kind === 'scalar' && typeof node.value === 'string'
    ? node.value
    : diagnostics.error(node, 'wrong-type', 'the value has to be a string', {
        help: 'write a text, in quotes where it looks like something else, such as `"10"`',
      })

const json: Read<{ readonly value: JsonValue }> = (node) => ({ value: toJson(node) })
const texts = (what: string): Read<readonly string[]> => listOf(what, anyText, { minimum: 0 })

const times = numberOf('`times`', { integer: true, minimum: 1, maximum: 100 })

const earlierFields = mapping(
  'an earlier call',
  { tool: anyText },
  { args: jsonObject, result: json, refused: boolean, times },
)

const readEarlier: Read<PolicyTest['given'][number]> = (node, diagnostics) => {
  const fields = earlierFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { at: _at, result, ...earlier } = fields
  if (result === undefined) return earlier
  if (earlier.refused !== true) return { ...earlier, result: result.value }
  return diagnostics.error(node, 'bad-value', 'a refused call has no result', {
    help: 'leave out `result`, or `refused`',
  })
}

const testFields = mapping(
  'a test',
  {
    name: anyText,
    call: mapping('`call`', { tool: anyText }, { args: jsonObject }),
    expect: oneOf('`expect`', ['allow', 'ask', 'deny']),
  },
  {
    as: mapping(
      '`as`',
      {},
      {
        subject: anyText,
        issuer: anyText,
        roles: texts('`roles`'),
        scopes: texts('`scopes`'),
        tenant: anyText,
        agent: anyText,
        claims: jsonObject,
      },
    ),
    prompt: anyText,
    given: listOf('`given`', readEarlier, { minimum: 0 }),
    by: anyText,
  },
)

export const readTest: Read<PolicyTest> = (node, diagnostics) => {
  const fields = testFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { as, given = [], call, ...rest } = fields
  const { at: _callAt, ...callFields } = call
  const { at: _asAt, ...principal } = as ?? { at: fields.at }
  return {
    ...rest,
    ...(as === undefined ? {} : { as: principal }),
    call: callFields,
    given,
  }
}
