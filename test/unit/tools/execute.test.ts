import { expect, test } from 'vitest'
import { digestJson } from '../../../src/base/digest.ts'
import type { JsonValue } from '../../../src/base/json.ts'
import { execute } from '../../../src/tools/execute.ts'
import type { Permit } from '../../../src/tools/permit.ts'
import type { ToolContext, ToolDefinition } from '../../../src/tools/tool.ts'
import { contextWith, endedGenerator, makeTool, permitFor, run, withThen } from './support.ts'

test('a tool runs with the arguments and context of its permit', async () => {
  let seen: { args: unknown; context: ToolContext } | undefined
  const execution = await run(
    {
      timeoutMs: 5000,
      execute(args, context) {
        seen = { args, context }
        return { ok: true }
      },
    },
    { deps: { db: 1 }, clock: { now: () => 1000, monotonic: () => 5 } },
    { order: 'O-7' },
  )
  expect(seen?.args).toEqual({ order: 'O-7' })
  expect(Object.isFrozen(seen?.args)).toBe(true)
  expect(seen?.context).toMatchObject({
    principal: null,
    runId: 'run_1',
    callId: 'run_1-1-0',
    turn: 1,
    attempt: 1,
    idempotencyKey: 'key',
    deadline: 6000,
    deps: { db: 1 },
  })
  expect(execution).toEqual({
    status: 'success',
    result: { ok: true },
    content: '{"ok":true}',
    resultDigest: digestJson({ ok: true }),
    resultBytes: 11,
    attempts: 1,
    durationMs: 0,
  })
})

test('a permit runs its tool once', async () => {
  let runs = 0
  const permit = permitFor(await makeTool({ execute: () => ++runs }))
  await execute(permit, contextWith())
  await expect(execute(permit, contextWith())).rejects.toThrow(
    expect.objectContaining({ code: 'bad-permit' }),
  )
  await expect(execute({} as Permit, contextWith())).rejects.toThrow('forged')
  expect(runs).toBe(1)
})

const returning: readonly (readonly [string, ToolDefinition['execute'], JsonValue])[] = [
  ['a value at once', () => 'x', 'x'],
  ['a promise', async () => 'x', 'x'],
  ['nothing', () => undefined, null],
  ['a promise of nothing', async () => undefined, null],
  ['a generator that yields nothing', () => endedGenerator('x'), 'x'],
  ['an object with toJSON', () => ({ toJSON: () => ({ a: 1 }) }), { a: 1 }],
  ['a date', () => new Date(0), '1970-01-01T00:00:00.000Z'],
  [
    'an instance',
    () =>
      new (class Point {
        x = 1
      })(),
    { x: 1 },
  ],
  [
    'members that are no JSON',
    () => ({ a: undefined, b: () => 1, c: [undefined], d: Number.NaN }),
    { c: [null], d: null },
  ],
  ['lone surrogates', () => 'a\ud800', 'a\ufffd'],
  [
    'a serialized class of another runtime',
    () => ({ lc: 1, type: 'secret', id: ['KEY'] }),
    { lc: 1, type: 'secret', id: ['KEY'] },
  ],
]

test.each(returning)('%s becomes a plain result', async (_, body, result) => {
  expect(await run({ execute: body })).toMatchObject({ status: 'success', result })
})

const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic

const unusable: readonly (readonly [string, () => unknown])[] = [
  ['a cycle', () => cyclic],
  ['a bigint', () => ({ a: 1n })],
  ['a map', () => new Map([[1, 2]])],
  ['a set', () => ({ a: new Set([1]) })],
  ['an error', () => ({ a: new Error('x') })],
  ['binary data', () => ({ a: new Uint8Array(3) })],
  ['a Buffer, as files are read', () => Buffer.from('secret')],
  ['a promise inside', () => ({ a: Promise.resolve(1) })],
  [
    'a getter that throws',
    () => ({
      get a() {
        throw new Error('no')
      },
    }),
  ],
  [
    'toJSON that throws',
    () => ({
      toJSON() {
        throw new Error('no')
      },
    }),
  ],
  ['a member __proto__', () => JSON.parse('{"__proto__":{"a":1}}') as unknown],
  [
    'a proxy that throws',
    () =>
      new Proxy(
        {},
        {
          ownKeys() {
            throw new Error('no')
          },
        },
      ),
  ],
  ['a key with a lone surrogate', () => ({ '\udc00': 1 })],
]

test.each(unusable)('%s is an unusable result', async (_, body) => {
  expect(await run({ execute: body })).toMatchObject({
    status: 'error-output',
    error: { code: 'bad-output', message: expect.stringContaining('the tool ran') },
  })
})

test('a getter is read once, so the record and the model cannot differ', async () => {
  let reads = 0
  const execution = await run({
    execute: () => ({
      get a() {
        return ++reads
      },
    }),
  })
  expect(execution).toMatchObject({ result: { a: 1 }, content: '{"a":1}' })
  expect(reads).toBe(1)
})

test('a thenable is asked once', async () => {
  let asked = 0
  const thenable = withThen(() => {
    asked++
    return (resolve: (value: unknown) => void) => resolve({ a: 1, ['then' as string]: 'data' })
  })
  const execution = await run({ execute: () => thenable })
  expect(execution).toMatchObject({ status: 'success', content: '{"a":1,"then":"data"}' })
  expect(asked).toBe(1)
})

test('a result is frozen and shares nothing with the tool', async () => {
  const mine = { list: [1] }
  const { result } = await run({ execute: () => mine })
  mine.list.push(2)
  expect(result).toEqual({ list: [1] })
  expect(Object.isFrozen((result as typeof mine).list)).toBe(true)
})

test('a result that does not match the output schema is an error', async () => {
  const output = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }
  expect(await run({ output, execute: () => ({ id: 'a' }) })).toMatchObject({ status: 'success' })
  const execution = await run({ output, execute: () => ({ id: 5 }) })
  expect(execution).toMatchObject({
    status: 'error-output',
    error: { message: 'the tool ran, but `/id` of its result must be string' },
  })
  expect(execution).not.toHaveProperty('result')
})
