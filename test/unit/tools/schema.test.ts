import { expect, test } from 'vitest'
import { sha256 } from '../../../src/base/digest.ts'
import { checkArguments } from '../../../src/tools/schema.ts'
import { defineTool } from '../../../src/tools/tool.ts'
import { anything, check, makeTool } from './support.ts'

const order = {
  type: 'object',
  properties: { id: { type: 'string' }, amount: { type: 'number', maximum: 100 } },
  required: ['id'],
}

test('arguments come out as sent, frozen, with canonical text and digest', async () => {
  const checked = await check(order, '{ "id": "O-7", "amount": 1.0 }')
  if (!checked.ok) throw new Error(checked.message)
  expect(checked.args).toEqual({ id: 'O-7', amount: 1 })
  expect(checked.canonical).toBe('{"amount":1,"id":"O-7"}')
  expect(checked.digest).toBe(sha256(checked.canonical))
  expect(checked.defaults).toEqual([])
  expect(Object.isFrozen(checked.args)).toBe(true)
})

test('nested arguments are frozen too', async () => {
  const checked = await check(anything, '{"a":{"b":[{}]}}')
  if (!checked.ok) throw new Error(checked.message)
  const { b } = checked.args['a'] as { b: object[] }
  expect([b, b[0]].every(Object.isFrozen)).toBe(true)
})

test.each([
  ['empty text', ''],
  ['half an object', '{"id":"O-7"'],
  ['two objects', '{"id":"a"}{"id":"b"}'],
  ['a trailing comma', '{"id":"a",}'],
  ['a comment', '{"id":"a"/**/}'],
  ['single quotes', "{'id':'a'}"],
  ['a byte order mark', '\ufeff{"id":"a"}'],
  ['a duplicate key', '{"id":"a","id":"b"}'],
  ['a duplicate key in another spelling', '{"id":"a","\\u0069d":"b"}'],
  ['__proto__', '{"id":"a","__proto__":{"amount":5}}'],
  ['__proto__ in another spelling', '{"id":"a","__pr\\u006fto__":{}}'],
  ['constructor', '{"id":"a","constructor":{"prototype":{}}}'],
  ['depth 10,000', `{"id":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ['10 MB', `{"id":"${'a'.repeat(10_000_000)}"}`],
  ['a lone surrogate', '{"id":"\\ud800"}'],
  ['a raw lone surrogate', '{"id":"\ud800"}'],
  ['an integer beyond 2^53', '{"id":"a","amount":9007199254740993}'],
  ['a number beyond all bounds', '{"id":"a","amount":1e999}'],
  ['NaN', '{"id":"a","amount":NaN}'],
])('%s is refused as JSON', async (_, text) => {
  expect(await check(order, text)).toMatchObject({
    ok: false,
    step: 'bad_json',
    status: 'error-parsing',
  })
})

test.each([
  ['a number in quotes', '{"id":"a","amount":"5"}', '/amount'],
  ['a string without quotes', '{"id":5}', '/id'],
  ['an object for a string', '{"id":{"$ne":null}}', '/id'],
  ['a missing member', '{}', ''],
  ['a member too many', '{"id":"a","admin":true}', ''],
  ['a bound', '{"id":"a","amount":101}', '/amount'],
  ['a list', '[]', ''],
  ['null', 'null', ''],
  ['a string', '"{}"', ''],
])('%s is refused by the schema', async (_, text, pointer) => {
  expect(await check(order, text)).toMatchObject({
    ok: false,
    step: 'bad_args',
    status: 'error-validation',
    details: { pointer },
  })
})

test('a refusal tells the place but not the value', async () => {
  const checked = await check(order, '{"id":"a","amount":"hunter2"}')
  expect(checked).toMatchObject({ message: 'the argument `/amount` must be number' })
})

test('bounds of the caller hold', async () => {
  const tool = await makeTool()
  const text = '{"a":{"b":{}}}'
  expect(checkArguments(tool, text, { maxDepth: 2 })).toMatchObject({ step: 'bad_json' })
  expect(checkArguments(tool, text, { maxLength: 5 })).toMatchObject({ step: 'bad_json' })
  expect(checkArguments(tool, text, { maxDepth: 3 })).toMatchObject({ ok: true })
})

test('a tool that was not prepared is not checked at all', () => {
  const input = { type: 'object', title: 'never registered' }
  const tool = defineTool({ name: 'raw', description: '', input, execute: () => 1 })
  expect(() => checkArguments(tool, '{}')).toThrow(expect.objectContaining({ code: 'bad-tool' }))
})

const withDefaults = {
  type: 'object',
  properties: {
    currency: { type: 'string', default: 'EUR' },
    page: {
      type: 'object',
      default: {},
      properties: { size: { type: 'integer', default: 20 }, at: { type: 'integer' } },
    },
    lines: {
      type: 'array',
      items: { type: 'object', properties: { count: { type: 'integer', default: 1 } } },
    },
  },
}

test('declared defaults are filled in at every depth and told', async () => {
  const checked = await check(withDefaults, '{"lines":[{},{"count":2}]}')
  expect(checked).toMatchObject({
    ok: true,
    args: { currency: 'EUR', page: { size: 20 }, lines: [{ count: 1 }, { count: 2 }] },
    defaults: ['/currency', '/page', '/page/size', '/lines/0/count'],
  })
})

test('a default never takes the place of what was sent', async () => {
  const checked = await check(withDefaults, '{"currency":"","page":{"size":0}}')
  expect(checked).toMatchObject({
    args: { currency: '', page: { size: 0 } },
    defaults: [],
  })
})

test('one call cannot change the default of the next', async () => {
  const tool = await makeTool({ input: withDefaults })
  const first = checkArguments(tool, '{}')
  const second = checkArguments(tool, '{}')
  if (first instanceof Promise || second instanceof Promise || !first.ok || !second.ok) {
    throw new Error('expected arguments at once')
  }
  expect(first.args['page']).not.toBe(second.args['page'])
  expect(second.defaults).toEqual(first.defaults)
})

test('a default that does not fit the schema is refused with the call', async () => {
  const bad = { type: 'object', properties: { n: { type: 'integer', default: 'x' } } }
  expect(await check(bad, '{}')).toMatchObject({ ok: false, details: { pointer: '/n' } })
})

test('the same arguments in another order and spelling have one digest', async () => {
  const first = await check(anything, '{"a":1.0,"b":"\\u0041","c":-0}')
  const second = await check(anything, '{"c":0,"b":"A","a":1E0}')
  expect(first).toHaveProperty('digest', second.ok ? second.digest : 'refused')
})
