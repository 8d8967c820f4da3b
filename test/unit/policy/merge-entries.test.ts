import { describe, expect, test } from 'vitest'
import type { ToolEntry } from '../../../src/policy/document.ts'
import { contradictions, mergeEntries } from '../../../src/policy/merge-entries.ts'
import { factsOfEntry } from '../../../src/policy/read-facts.ts'
import type { ArgumentFacts, OutputLabel, ToolFacts } from '../../../src/protocol/facts.ts'

const named = <T>(entries: Readonly<Record<string, T>> = {}) =>
  Object.entries(entries).map(([text, value]) => ({ name: { text, start: 0, end: 0 }, value }))

interface Said extends Omit<ToolFacts, 'args' | 'fields'> {
  readonly args?: Readonly<Record<string, ArgumentFacts>>
  readonly fields?: Readonly<Record<string, OutputLabel>>
  readonly timeoutMs?: number
  readonly pin?: string
}

function entry({ args, fields, timeoutMs, pin, ...facts }: Said): ToolEntry {
  return {
    name: { text: 't', start: 0, end: 0 },
    facts: { kind: 'read', ...facts },
    args: named(args),
    fields: named(fields),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(pin === undefined ? {} : { pin }),
  }
}

/** Both ways round: which file extends which does not matter. */
function merged(a: Said, b: Said): ToolFacts {
  const [one, other] = [mergeEntries(entry(a), entry(b)), mergeEntries(entry(b), entry(a))]
  expect(factsOfEntry(other)).toEqual(factsOfEntry(one))
  return factsOfEntry(one)
}

describe('of what two files say about a tool', () => {
  test.each<[string, Said, Said, ToolFacts]>([
    ['the wider sink', { sink: 'internal' }, { sink: 'public' }, { sink: 'public' }],
    ['what one of them says', { sink: 'external' }, {}, { sink: 'external' }],
    [
      'the worse label',
      { output: { trust: 'trusted', secrecy: 'secret' } },
      { output: { trust: 'untrusted', secrecy: 'public' } },
      { output: { trust: 'untrusted', secrecy: 'secret' } },
    ],
    [
      'whatever restricts an argument',
      { args: { to: { steers: true, carries: false } } },
      { args: { to: { steers: false, is: 'iban' }, text: { carries: true } } },
      { args: { to: { steers: true, carries: false, is: 'iban' }, text: { carries: true } } },
    ],
    [
      'the listings both accept',
      { args: { to: { steers: true, idsFrom: ['a', 'b'] } } },
      { args: { to: { idsFrom: ['b', 'c'] } } },
      { args: { to: { steers: true, idsFrom: ['b'] } } },
    ],
    [
      'no listing where one file accepts none',
      { args: { to: { steers: true } } },
      { args: { to: { idsFrom: ['b'] } } },
      { args: { to: { steers: true, idsFrom: [] } } },
    ],
    [
      'the known values both accept',
      { args: { body: { carries: true, known: ['a', 'b'] } } },
      { args: { body: { carries: true, known: ['b'] } } },
      { args: { body: { carries: true, known: ['b'] } } },
    ],
    [
      'no document to take values from where one file accepts none',
      { args: { to: { steers: true } } },
      { args: { to: { fromNamed: ['b'] } } },
      { args: { to: { steers: true, fromNamed: [] } } },
    ],
    [
      'the label of the whole where a field would be milder',
      { output: { trust: 'untrusted', secrecy: 'private' } },
      { fields: { '/a': { trust: 'trusted' } } },
      {
        output: { trust: 'untrusted', secrecy: 'private' },
        fields: { '/a': { trust: 'untrusted', secrecy: 'private' } },
      },
    ],
    [
      'the label of a field that overlaps',
      { fields: { '/*/body': { trust: 'untrusted' } } },
      { fields: { '/0/body': { trust: 'trusted' }, '/0/id': { trust: 'trusted' } } },
      {
        fields: {
          '/*/body': { trust: 'untrusted' },
          '/0/body': { trust: 'untrusted' },
          '/0/id': { trust: 'trusted' },
        },
      },
    ],
  ])('%s is left', (_, a, b, expected) => {
    expect(merged(a, b)).toEqual({ kind: 'read', ...expected })
  })

  test('an argument that accepts no listing stays so under a third file', () => {
    const [a, b] = [entry({ args: { to: { idsFrom: ['x'] } } }), entry({ args: { to: {} } })]
    const strict = entry({ args: { to: { steers: true } } })
    const all = mergeEntries(mergeEntries(mergeEntries(strict, a), b), a)
    expect(factsOfEntry(all).args).toEqual({ to: { steers: true, idsFrom: [] } })
  })

  test('the shorter time and the only pin are left', () => {
    expect(mergeEntries(entry({ timeoutMs: 5 }), entry({ timeoutMs: 3, pin: 'p' }))).toMatchObject({
      timeoutMs: 3,
      pin: 'p',
    })
    expect(mergeEntries(entry({}), entry({ timeoutMs: 3 })).timeoutMs).toBe(3)
  })
})

describe('what two files say about a tool contradicts itself', () => {
  const trusting: OutputLabel = { endorse: 'number' }
  test.each<[string, Said, Said]>([
    ['kind', { kind: 'write' }, {}],
    ['pin', { pin: 'a' }, { pin: 'b' }],
    ['args.to.is', { args: { to: { is: 'iban' } } }, { args: { to: { is: 'text' } } }],
    ['output.endorse', { output: trusting }, { output: { trust: 'untrusted' } }],
    ['output.endorse', { output: trusting }, { output: { endorse: 'date' } }],
    ['fields./a.endorse', { fields: { '/a': trusting } }, { output: { trust: 'untrusted' } }],
    [
      'fields./a.endorse',
      { fields: { '/a': trusting } },
      { fields: { '/*': { trust: 'untrusted' } } },
    ],
  ])('in `%s`', (key, a, b) => {
    expect(contradictions(entry(a), entry(b))).toEqual([key])
    expect(contradictions(entry(b), entry(a))).toEqual([key])
  })

  test('not where they agree, or only one of them speaks', () => {
    const full: Said = {
      pin: 'p',
      output: { trust: 'untrusted', endorse: 'number' },
      fields: { '/a': { trust: 'untrusted', endorse: 'date' } },
      args: { to: { is: 'iban' } },
    }
    expect(contradictions(entry(full), entry(full))).toEqual([])
    expect(contradictions(entry(full), entry({}))).toEqual([])
  })
})
