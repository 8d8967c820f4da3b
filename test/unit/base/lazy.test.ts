import { describe, expect, test } from 'vitest'
import { Lazy } from '../../../src/base/lazy.ts'

describe('a lazy value', () => {
  test('is made once, at its first use', async () => {
    let made = 0
    const lazy = new Lazy(async () => ++made)
    expect(lazy.value).toBeUndefined()
    expect(made).toBe(0)
    expect(await Promise.all([lazy.load(), lazy.load()])).toEqual([1, 1])
    expect(lazy.value).toBe(1)
    expect(await lazy.load()).toBe(1)
  })

  test('that could not be made is tried anew at the next use', async () => {
    let tries = 0
    const lazy = new Lazy(async () => {
      if (++tries === 1) throw new Error('too many open files')
      return 'made'
    })
    const both = await Promise.allSettled([lazy.load(), lazy.load()])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(lazy.value).toBeUndefined()
    expect(await lazy.load()).toBe('made')
    expect(tries).toBe(2)
  })
})
