import { expect, test } from 'vitest'
import { saidOf } from './said.ts'

const day = 24 * 60 * 60_000
const until = Date.UTC(2027, 0, 31, 12)

const rule = `sallyport: 1
name: t
rules:
  - { id: a, deny: [t], until: '2027-01-31T12:00:00Z' }
  - { id: b, deny: [t] }
`
const gone = [
  '4:5-56 (warning) expired: the rule `a` has expired at 2027-01-31T12:00:00.000Z',
  'help: it does nothing any more: remove it, or set a later time',
]
const soon = [
  '4:5-56 (warning) expires-soon: the rule `a` expires at 2027-01-31T12:00:00.000Z',
  'help: set a later time if it is still needed then',
]

test.each([
  ['14 days and a moment before', until - 14 * day - 1, []],
  ['14 days before', until - 14 * day, soon],
  ['a moment before', until - 1, soon],
  ['at its end', until, gone],
  ['years later', until + 1000 * day, gone],
])('%s, what is said about a rule that ends', (_, now, expected) => {
  expect(saidOf(rule, { now })).toEqual(expected)
})

test('without a time nothing is said', () => {
  expect(saidOf(rule)).toEqual([])
})

const hash = `sha256:${'0'.repeat(64)}`
const key = (expires: string): string => `sallyport: 1
name: t
rules: []
identity: { apiKeys: [{ id: ci, hash: '${hash}'${expires} }] }
`

test('a key is valid through its last day', () => {
  const lastDay = Date.UTC(2027, 0, 31)
  const text = key(', expires: 2027-01-31')
  expect(saidOf(text, { now: lastDay + day - 1 })).toEqual([
    '4:29-31 (warning) expires-soon: the API key `ci` expires at 2027-02-01T00:00:00.000Z',
    'help: set a later time if it is still needed then',
  ])
  expect(saidOf(text, { now: lastDay + day })).toEqual([
    '4:29-31 (warning) expired: the API key `ci` has expired at 2027-02-01T00:00:00.000Z',
    'help: it does nothing any more: remove it, or set a later time',
  ])
  expect(saidOf(key(''), { now: lastDay })).toEqual([])
})

test('rules in shadow are warned of, whatever the time is', () => {
  const text = `sallyport: 1
name: t
rules:
  - { id: a, deny: [t], shadow: true }
  - { id: b, deny: [t], shadow: false }
`
  expect(saidOf(text)).toEqual([
    '4:5-39 (warning) shadow: the rule `a` is recorded, but not enforced',
    'help: remove `shadow: true` once its decisions are what you want',
  ])
})
