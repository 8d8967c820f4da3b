import { expect, test } from 'vitest'
import { copyPlain } from '../../../src/base/plain.ts'

const bounds = { maxLength: 100, maxDepth: 3 }

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
