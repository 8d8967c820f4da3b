import { expect, test } from 'vitest'
import { z } from 'zod'
import { checkArguments, checkOutput } from '../../../src/tools/schema.ts'
import type { StandardSchema } from '../../../src/tools/standard-schema.ts'
import { makeTool } from './support.ts'

function check(input: StandardSchema, text: string, readOnly = false): Promise<unknown> {
  const checked = makeTool({ input, annotations: { readOnly } })
  return checked.then((tool) => checkArguments(tool, text))
}

test('a synchronous library is asked without a promise', async () => {
  const tool = await makeTool({ input: z.object({ a: z.string() }) })
  expect(checkArguments(tool, '{"a":"x"}')).toMatchObject({ ok: true, args: { a: 'x' } })
})

test('what only the library knows is enforced', async () => {
  const input = z.object({ a: z.number(), b: z.number() }).refine(({ a, b }) => a < b, 'a < b')
  expect(await check(input, '{"a":1,"b":2}')).toMatchObject({ ok: true })
  expect(await check(input, '{"a":2,"b":1}')).toMatchObject({
    step: 'bad_args',
    details: { message: 'a < b' },
  })
})

test('an asynchronous library is waited for', async () => {
  const input = z.object({ a: z.string().refine(async (a) => a === 'x') })
  expect(await check(input, '{"a":"x"}')).toMatchObject({ ok: true })
  expect(await check(input, '{"a":"y"}')).toMatchObject({ details: { pointer: '/a' } })
})

test.each([
  ['coerced', z.object({ a: z.coerce.number() }), '{"a":"5"}'],
  ['transformed', z.object({ a: z.string().transform((a) => a.length) }), '{"a":"x"}'],
  ['trimmed', z.object({ a: z.string().trim() }), '{"a":" x"}'],
  ['lowered', z.object({ a: z.object({ b: z.string().toLowerCase() }) }), '{"a":{"b":"X"}}'],
  ['replaced in a list', z.object({ a: z.array(z.string().trim()) }), '{"a":["x"," y"]}'],
  ['made a set', z.object({ a: z.array(z.string()).transform((a) => new Set(a)) }), '{"a":["x"]}'],
  [
    'made a date',
    z.object({ a: z.string().transform((a) => new Date(a)) }),
    '{"a":"2026-01-01T00:00:00.000Z"}',
  ],
])('arguments the library would have %s are refused', async (_, input, text) => {
  expect(await check(input, text)).toMatchObject({ ok: false, step: 'bad_args' })
})

test('a transforming schema passes what it does not change', async () => {
  const input = z.object({ a: z.string().trim() })
  expect(await check(input, '{"a":"x"}')).toMatchObject({ ok: true, args: { a: 'x' } })
})

test('a member the library would strip is refused also for a read-only tool', async () => {
  expect(await check(z.object({ a: z.string() }), '{"a":"x","b":1}', true)).toMatchObject({
    details: { pointer: '/b', message: 'is not accepted' },
  })
})

test('declared defaults and those only the library knows are told', async () => {
  const input = z.object({
    a: z.string().default('x'),
    b: z.object({ c: z.number().optional() }).transform((b) => ({ c: 1, ...b })),
  })
  expect(await check(input, '{"b":{}}')).toMatchObject({
    ok: true,
    args: { a: 'x', b: { c: 1 } },
    defaults: ['/a', '/b/c'],
  })
})

test('a default of the library that breaks its own schema is refused', async () => {
  const input = z.object({
    b: z.object({ c: z.number().max(5).optional() }).transform((b) => ({ c: 9, ...b })),
  })
  expect(await check(input, '{"b":{}}')).toMatchObject({ details: { pointer: '/b/c' } })
})

test('patterns and formats only the library can check are left to it', async () => {
  const input = z.object({ wait: z.iso.duration(), id: z.cuid2(), mail: z.email() })
  const text = '{"wait":"PT5M","id":"tz4a98xxat96iws9zmbrgj3a","mail":"a@b.example"}'
  expect(await check(input, text)).toMatchObject({ ok: true })
  expect(await check(input, text.replace('PT5M', 'P'))).toMatchObject({ ok: false })
  expect(await check(input, text.replace('tz4a', 'TZ4A'))).toMatchObject({ ok: false })
})

test('a library that throws or rejects refuses the call', async () => {
  const throws = z.object({}).refine(() => {
    throw new Error('library broke')
  })
  const rejects = {
    '~standard': {
      version: 1 as const,
      vendor: 'probe',
      validate: () => Promise.reject(new Error('library broke')),
      jsonSchema: { input: () => ({ type: 'object' }), output: () => ({}) },
    },
  }
  expect(await check(throws, '{}')).toMatchObject({ ok: false, step: 'bad_args' })
  expect(await check(rejects, '{}')).toMatchObject({ ok: false, step: 'bad_args' })
})

test('a library that never answers refuses the call in the time of the tool', async () => {
  const never = z.object({}).refine(() => new Promise<boolean>(() => undefined))
  const tool = await makeTool({ input: never, timeoutMs: 1 })
  expect(await checkArguments(tool, '{}')).toMatchObject({
    details: { message: 'could not be checked in time' },
  })
})

test('a library cannot change the arguments it looks at', async () => {
  const input = z.object({ a: z.array(z.string()) }).refine(({ a }) => a.push('evil') > 0)
  const checked = await check(input, '{"a":["x"]}')
  expect(checked).not.toMatchObject({ args: { a: ['x', 'evil'] } })
})

test('a result is checked by its library', async () => {
  const tool = await makeTool({ output: z.object({ id: z.string().startsWith('O') }) })
  expect(checkOutput(tool, { id: 'O-7' })).toBeUndefined()
  expect(checkOutput(tool, { id: 'P-7' })).toMatchObject({ pointer: '/id' })
})
