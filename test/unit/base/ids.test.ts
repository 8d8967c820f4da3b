import { expect, test } from 'vitest'
import { callId, newId, randomHex } from '../../../src/base/ids.ts'

test('ids have the form of TypeID and fit 40 characters as call ids', () => {
  const id = newId('run', Date.now())
  expect(id).toMatch(/^run_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  expect(callId(id, 99, 99).length).toBeLessThanOrEqual(40)
})

test('ids hold a UUIDv7 with the time in front', () => {
  const now = 0x0123456789ab
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
  let value = 0n
  for (const character of newId('apr', now).slice(4)) {
    value = value * 32n + BigInt(alphabet.indexOf(character))
  }
  const hex = value.toString(16).padStart(32, '0')
  expect(hex.slice(0, 12)).toBe(now.toString(16).padStart(12, '0'))
  expect(hex[12]).toBe('7')
  expect('89ab').toContain(hex[16])
})

test('ids sort by time', () => {
  const ids = [5, 1, 4, 2, 3].map((time) => [time, newId('run', time * 1000)] as const)
  const sorted = ids.toSorted(([, a], [, b]) => (a < b ? -1 : 1)).map(([time]) => time)
  expect(sorted).toEqual([1, 2, 3, 4, 5])
})

test('ids and salts do not repeat', () => {
  const ids = Array.from({ length: 10_000 }, () => newId('run', 1))
  expect(new Set(ids).size).toBe(10_000)
  const salts = Array.from({ length: 1000 }, randomHex)
  expect(new Set(salts).size).toBe(1000)
  expect(salts.every((salt) => /^[0-9a-f]{32}$/.test(salt))).toBe(true)
})
