import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineTool, implementationOf, isTool, type Tool } from '../../../src/tools/tool.ts'

const input = {
  type: 'object',
  properties: { card: { type: 'string' }, items: { type: 'array', items: { type: 'object' } } },
}
const minimal = { name: 'refund', description: 'Pays back.', input, execute: () => 1 }

function define(fields: object): Tool {
  return defineTool({ ...minimal, ...fields } as typeof minimal)
}

test('a minimal definition gets the documented defaults', () => {
  expect(define({})).toMatchObject({
    name: 'refund',
    annotations: { readOnly: false, destructive: true, idempotent: false, openWorld: true },
    facts: {},
    requires: { scopes: [], roles: [] },
    timeoutMs: 30_000,
    retry: { attempts: 1, delayMs: 100 },
    sensitive: [],
    editable: [],
    maxResultBytes: 65_536,
  })
})

test('a tool is frozen and does not lead to its function', () => {
  const tool = define({})
  expect(Object.isFrozen(tool)).toBe(true)
  expect(Object.isFrozen(tool.input)).toBe(true)
  const reachable = Reflect.ownKeys(tool).map((key) => tool[key as keyof Tool] as unknown)
  expect(reachable.filter((value) => typeof value === 'function')).toEqual([])
  expect(reachable).not.toContain(minimal.execute)
})

test('a copy of a tool is no tool', () => {
  const copy = { ...define({}) }
  expect(isTool(copy)).toBe(false)
  expect(() => implementationOf(copy)).toThrow(expect.objectContaining({ code: 'bad-tool' }))
})

test('a schema that is changed after the definition does not change the tool', () => {
  const mutable = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
  const tool = define({ input: mutable })
  mutable.required = []
  expect(tool.input['required']).toEqual(['a'])
})

test.each(['a', 'A.b_c:d/e-9', 'x'.repeat(128)])('the name %s is accepted', (name) => {
  expect(define({ name }).name).toBe(name)
})

test.each(['', 'a b', 'x'.repeat(129), 'naïve', 'a\n', 'refund ', 'send_m\u043eney', 5, undefined])(
  'the name %j is refused',
  (name) => {
    expect(() => define({ name })).toThrow(expect.objectContaining({ code: 'bad-tool' }))
  },
)

test.each([
  ['an unknown member', { timeout: 5 }],
  ['a description that is no string', { description: 5 }],
  ['a missing function', { execute: undefined }],
  ['a key function that is none', { concurrencyKey: 'x' }],
  ['no time', { timeoutMs: 0 }],
  ['too much time', { timeoutMs: 3_600_001 }],
  ['a fraction of time', { timeoutMs: 1.5 }],
  ['retries without idempotency', { retry: { attempts: 2 } }],
  ['too many retries', { retry: { attempts: 11 }, annotations: { idempotent: true } }],
  ['an annotation that is no boolean', { annotations: { readOnly: 'yes' } }],
  ['an unknown annotation', { annotations: { readonly: true } }],
  ['reading and destroying', { annotations: { readOnly: true, destructive: true } }],
  ['an unknown kind', { facts: { kind: 'magic' } }],
  ['an unknown fact', { facts: { sinks: 'public' } }],
  ['an unknown sink', { facts: { sink: 'far' } }],
  ['a fact about arguments that is no boolean', { facts: { args: { a: { steers: 1 } } } }],
  ['known values that are no texts', { facts: { args: { a: { known: [1] } } } }],
  ['no known values', { facts: { args: { a: { known: [] } } } }],
  ['a fact about no argument', { facts: { args: { cart: { steers: true } } } }],
  ['a field that is no pointer', { facts: { fields: { a: {} } } }],
  [
    'a writing kind of a read-only tool',
    { facts: { kind: 'write' }, annotations: { readOnly: true } },
  ],
  ['scopes that are no list', { requires: { scopes: 'refund:write' } }],
  ['a pointer without a slash', { sensitive: ['card'] }],
  ['a pointer to nothing', { sensitive: ['/cart'] }],
  ['an editable pointer to nothing', { editable: ['/cart'] }],
  ['a result bound without room for the mark', { maxResultBytes: 10 }],
])('%s is refused', (_, fields) => {
  expect(() => define(fields)).toThrow(expect.objectContaining({ code: 'bad-tool' }))
})

test('a misspelt member is answered with the right one', () => {
  expect(() => define({ anotations: {} })).toThrow(
    expect.objectContaining({ help: 'write `annotations` instead' }),
  )
})

test.each(['/card', '/items', '/items/0', '/items/*', '/items/*/any', ''])(
  'the sensitive pointer `%s` is accepted',
  (pointer) => {
    expect(define({ sensitive: [pointer] }).sensitive).toEqual([pointer])
  },
)

test.each([
  [{ execute: undefined }, 'has no function `execute`'],
  [{ description: 5 }, 'needs a `description` of at most 16384 characters'],
  [{ annotations: { readOnly: 'yes' } }, 'has an annotation `readOnly` that is not a boolean'],
  [{ facts: { sink: 'moon' } }, 'has an unknown `facts.sink`'],
])('what is wrong in %j is told with what a tool looks like', (fields, problem) => {
  expect(() => define(fields as never)).toThrow(
    expect.objectContaining({
      code: 'bad-tool',
      message: expect.stringContaining(problem),
      help: expect.stringContaining('a tool is `{ name, description, input:'),
    }),
  )
})

test('members the schema does not name are refused at the top of a writing tool only', () => {
  expect(define({}).input['additionalProperties']).toBe(false)
  expect(
    define({ input: { ...input, additionalProperties: true } }).input['additionalProperties'],
  ).toBe(true)
  expect(define({ annotations: { readOnly: true } }).input).not.toHaveProperty(
    'additionalProperties',
  )
})

test('the arguments are an object also when the schema does not say so', () => {
  expect(define({ input: {} }).input['type']).toBe('object')
})

test.each([
  ['a string', { type: 'string' }],
  ['an object or null', { type: ['object', 'null'] }],
])('a schema for %s is refused', (_, schema) => {
  expect(() => define({ input: schema })).toThrow(expect.objectContaining({ code: 'bad-schema' }))
})

test('a schema library without JSON Schema is refused with the repair', () => {
  const schema = { '~standard': { version: 1, vendor: 'old', validate: () => ({ value: 1 }) } }
  expect(() => define({ input: schema })).toThrow(
    expect.objectContaining({ code: 'bad-schema', help: expect.stringContaining('JSON Schema') }),
  )
})

test('a schema library gives the schema the model sees', () => {
  const tool = define({ input: z.object({ order: z.string().describe('The order.') }) })
  expect(tool.input).toMatchObject({
    type: 'object',
    properties: { order: { type: 'string', description: 'The order.' } },
    required: ['order'],
  })
})

test('a schema that cannot be said in JSON Schema is refused', () => {
  expect(() => define({ input: z.object({ when: z.date() }) })).toThrow(
    expect.objectContaining({ code: 'bad-schema' }),
  )
})
