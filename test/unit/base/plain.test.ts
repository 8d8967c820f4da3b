import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { copyPlain } from '../../../src/base/plain.ts'

const bounds = { maxLength: 100, maxDepth: 3 }

class Made {
  readonly a = 1
}

function* generating(): Generator<number> {
  yield 1
}

test('length and depth are bounded', () => {
  expect(copyPlain('a'.repeat(98), bounds).ok).toBe(true)
  expect(copyPlain('a'.repeat(99), bounds)).toMatchObject({
    message: 'the value is longer than 100 characters of JSON',
  })
  expect(copyPlain([[[]]], bounds).ok).toBe(true)
  expect(copyPlain([[[[]]]], bounds)).toMatchObject({ message: expect.stringContaining('cyclic') })
})

test('a value that is one object in many places is not copied without bound', () => {
  let bomb: unknown = 'x'
  for (let level = 0; level < 40; level++) bomb = [bomb, bomb]
  expect(copyPlain(bomb, { maxLength: 10_000, maxDepth: 64 }).ok).toBe(false)
})

test('a sparse list costs what its length costs', () => {
  const sparse: unknown[] = []
  sparse.length = 2 ** 31
  expect(copyPlain(sparse, bounds).ok).toBe(false)
})

test('toJSON is asked once and its answer is not asked again', () => {
  const inner = { toJSON: () => 'again', a: 1 }
  expect(copyPlain({ toJSON: () => inner }, bounds)).toEqual({ ok: true, value: { a: 1 } })
})

test.each<[string, () => unknown]>([
  ['a generator', () => generating()],
  ['a stream', () => new ReadableStream()],
  ['a response', () => new Response('text')],
  ['headers', () => new Headers({ a: 'b' })],
  ['a pattern', () => /a/],
])('%s is no empty object', (_, make) => {
  expect(copyPlain({ a: make() }, bounds)).toEqual({
    ok: false,
    message: 'a value of a class without members has no JSON form',
  })
})

test('an empty object is one, whoever has made it', () => {
  for (const value of [{}, Object.create(null), runInNewContext('({})')]) {
    expect(copyPlain(value, bounds)).toEqual({ ok: true, value: {} })
  }
  expect(copyPlain(new Made(), bounds)).toEqual({ ok: true, value: { a: 1 } })
})

test('a thrown proxy cannot break out', () => {
  const hostile = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw hostile
      },
    },
  )
  const value = {
    get a() {
      throw hostile
    },
  }
  expect(copyPlain(value, bounds)).toMatchObject({ ok: false })
})
