import { expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import { run, trap, withThen } from './support.ts'

const throwing: readonly (readonly [string, () => unknown, string])[] = [
  [
    'an error',
    () => {
      throw new Error('no such order')
    },
    'no such order',
  ],
  ['a rejection', () => Promise.reject(new Error('no such order')), 'no such order'],
  [
    'a string',
    () => {
      throw 'gone'
    },
    'gone',
  ],
  [
    'nothing',
    () => {
      throw undefined
    },
    'undefined',
  ],
  [
    'an error without a usable message',
    () => {
      throw Object.assign(new Error(), { message: {} })
    },
    '[object Object]',
  ],
  [
    'an unprintable thing',
    () => {
      throw {
        toString() {
          throw new Error('x')
        },
      }
    },
    'unprintable error',
  ],
  [
    'a hostile proxy',
    () => {
      throw new Proxy(
        {},
        {
          getPrototypeOf() {
            throw new Error('x')
          },
        },
      )
    },
    'unprintable error',
  ],
  ['a getter of then that throws', () => withThen(trap), 'trap'],
  [
    'a getter of next that throws',
    () => ({
      get next() {
        throw new Error('trap')
      },
    }),
    'trap',
  ],
  [
    'control characters',
    () => {
      throw new Error('a\u001b[31m\u202eb')
    },
    'a\\u{1b}[31m\\u{202e}b',
  ],
]

test.each(throwing)('%s thrown is a failure', async (_, body, message) => {
  expect(await run({ execute: body })).toMatchObject({
    status: 'error-execution',
    error: { code: 'tool-failed', message },
    content: `error tool-failed: ${message}`,
    attempts: 1,
  })
})

test('the model sees neither the stack nor a long message, the log sees the stack', async () => {
  const lines: JsonValue[] = []
  const execution = await run(
    {
      execute: () => {
        throw new Error('x'.repeat(100_000))
      },
    },
    { log: (_, data) => lines.push(data ?? null) },
  )
  expect(execution.content.length).toBeLessThan(1100)
  expect(execution.content).not.toContain('.ts:')
  expect(lines).toHaveLength(1)
  const short = await run(
    {
      execute: () => {
        throw new Error('x')
      },
    },
    { log: (_, data) => lines.push(data ?? null) },
  )
  expect(JSON.stringify(short)).not.toContain('.ts:')
  expect(JSON.stringify(lines[1])).toContain('execute-failure.test.ts')
})

test('sensitive values are cut out of messages and stacks', async () => {
  const lines: string[] = []
  const execution = await run(
    {
      sensitive: ['/card', '/pins/*'],
      execute: () => {
        throw new Error('card 4111-1111 with 123456 declined')
      },
    },
    { log: (...line) => lines.push(JSON.stringify(line)) },
    { card: '4111-1111', pins: [123456] },
  )
  expect(execution.error?.message).toBe('card [redacted] with [redacted] declined')
  expect(lines.join()).not.toMatch(/4111|123456/)
})

test.each([
  ['longer values first', 'abcdefgh'],
  ['as JSON', String.raw`q\"uote`],
  ['percent-encoded', 'sp%20ace'],
])('sensitive values are cut out: %s', async (_, text) => {
  const args = { pins: ['abcd', 'abcdefgh', 'q"uote', 'sp ace'] }
  const fields = { sensitive: ['/pins'] }
  const message = `<${text}>`
  const hostile = {
    get a() {
      throw new Error(message)
    },
  }
  const threw = await run(
    { ...fields, execute: () => Promise.reject(new Error(message)) },
    {},
    args,
  )
  expect(threw.error?.message).toBe('<[redacted]>')
  const unread = await run({ ...fields, execute: () => hostile }, {}, args)
  expect(unread.error).toMatchObject({
    code: 'bad-output',
    message: expect.stringContaining('<[redacted]>'),
  })
  const progress: JsonValue[] = []
  const yielding = async function* () {
    yield await Promise.resolve(hostile)
  }
  await run({ ...fields, execute: yielding }, { onProgress: (value) => progress.push(value) }, args)
  expect(progress).toEqual([expect.stringContaining('<[redacted]>')])
})

test('a sensitive value is cut out that is longer than what is read of a message', async () => {
  const lines: string[] = []
  const text = 'lorem ipsum '.repeat(1000)
  for (const message of [`cannot read ${text}`, `${'-'.repeat(7900)}${text}`]) {
    const execution = await run(
      { sensitive: ['/text'], execute: () => Promise.reject(new Error(message + message)) },
      { log: (...line) => lines.push(JSON.stringify(line)) },
      { text },
    )
    expect(execution.content).toMatch(/^error tool-failed: (cannot read \[redacted\]|-{1000}…)/)
    expect(execution.content + lines.join('')).not.toContain('lorem')
  }
})

test('a log that throws changes nothing', async () => {
  expect(
    await run(
      {
        execute: () => {
          throw new Error('x')
        },
      },
      { log: trap },
    ),
  ).toMatchObject({
    status: 'error-execution',
    error: { message: 'x' },
  })
})
