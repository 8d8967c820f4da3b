import { describe, expect, test } from 'vitest'
import type { ToolEntry } from '../../../src/policy/document.ts'
import { contradictions, mergeEntries } from '../../../src/policy/merge-entries.ts'
import type { ArgumentFacts, OutputLabel } from '../../../src/protocol/facts.ts'

type Fields = Readonly<Record<string, OutputLabel>>

const name = (text: string): { text: string; start: number; end: number } => ({
  text,
  start: 0,
  end: 0,
})

function named<T>(
  members: Readonly<Record<string, T>>,
): { name: ReturnType<typeof name>; value: T }[] {
  return Object.entries(members).map(([text, value]) => ({ name: name(text), value }))
}

function entry(
  parts: Partial<Omit<ToolEntry, 'args' | 'fields'>> & {
    readonly args?: Readonly<Record<string, ArgumentFacts>>
    readonly fields?: Fields
  } = {},
): ToolEntry {
  const { args = {}, fields = {}, ...rest } = parts
  return { name: name('t'), facts: {}, args: named(args), fields: named(fields), ...rest }
}

const argument = (a: ArgumentFacts, b: ArgumentFacts): unknown =>
  mergeEntries(entry({ args: { x: a } }), entry({ args: { x: b } })).args[0]!.value

const fieldsOf = (a: ToolEntry, b: ToolEntry): unknown =>
  Object.fromEntries(mergeEntries(a, b).fields.map((field) => [field.name.text, field.value]))

test('two entries that say nothing make one that says nothing', () => {
  expect(mergeEntries(entry(), entry())).toStrictEqual(entry())
})

test('what only one of two entries says is kept whole', () => {
  const full = entry({
    facts: { kind: 'write', sink: 'external', output: { trust: 'untrusted', secrecy: 'secret' } },
    args: { a: { is: 'iban', steers: true }, b: { carries: false } },
    fields: { '/a': { endorse: 'number', trust: 'untrusted', secrecy: 'secret' } },
    pin: 'p',
    timeoutMs: 7,
  })
  expect(mergeEntries(full, entry())).toStrictEqual(full)
  expect(mergeEntries(entry(), full)).toStrictEqual(full)
  expect(mergeEntries(full, full)).toStrictEqual(full)
})

test('the place is that of the first, pin and time of whoever states them, the shorter time', () => {
  const [one, other] = [entry({ timeoutMs: 9, pin: 'p' }), entry({ timeoutMs: 4 })]
  const late = { ...other, name: { text: 't', start: 5, end: 6 } }
  expect(mergeEntries(one, late)).toStrictEqual({ ...one, timeoutMs: 4 })
  expect(mergeEntries(late, one)).toStrictEqual({ ...one, name: late.name, timeoutMs: 4 })
})

const pairs = <T>(words: readonly T[]): [T, T, T][] =>
  words.flatMap((a, i) => words.map((b, j): [T, T, T] => [a, b, words[Math.max(i, j)]!]))

describe('of two words the stricter one is left', () => {
  const sinks = ['none', 'internal', 'external', 'public'] as const
  const trusts = ['trusted', 'untrusted'] as const
  const secrecies = ['public', 'internal', 'private', 'secret'] as const

  test.each(pairs(sinks))('of the sinks %s and %s: %s', (a, b, expected) => {
    const { facts } = mergeEntries(entry({ facts: { sink: a } }), entry({ facts: { sink: b } }))
    expect(facts).toStrictEqual({ sink: expected })
  })

  test.each(pairs(trusts))('of %s and %s: %s', (a, b, expected) => {
    const { facts } = mergeEntries(
      entry({ facts: { output: { trust: a } } }),
      entry({ facts: { output: { trust: b } } }),
    )
    expect(facts).toStrictEqual({ output: { trust: expected } })
  })

  test.each(pairs(secrecies))('of the secrecies %s and %s: %s', (a, b, expected) => {
    const { facts } = mergeEntries(
      entry({ facts: { output: { secrecy: a } } }),
      entry({ facts: { output: { secrecy: b } } }),
    )
    expect(facts).toStrictEqual({ output: { secrecy: expected } })
  })

  test('and the shape that one of them trusts', () => {
    const { facts } = mergeEntries(
      entry({ facts: { output: { endorse: 'number' } } }),
      entry({ facts: { output: { secrecy: 'public' } } }),
    )
    expect(facts).toStrictEqual({ output: { endorse: 'number', secrecy: 'public' } })
  })
})

describe('of what two entries say about an argument', () => {
  test.each<[ArgumentFacts, ArgumentFacts, ArgumentFacts]>([
    [{}, {}, {}],
    [{ steers: true }, {}, { steers: true }],
    [{ steers: false }, {}, { steers: false }],
    [{ steers: false }, { steers: true }, { steers: true }],
    [{ steers: false }, { steers: false }, { steers: false }],
    [{ carries: true }, { carries: false }, { carries: true }],
    [{ carries: false }, {}, { carries: false }],
    [{ steers: true }, { carries: true }, { steers: true, carries: true }],
    [{ is: 'iban' }, { steers: true }, { is: 'iban', steers: true }],
    [{ known: ['a', 'b', 'c'] }, { known: ['a', 'c'] }, { known: ['a', 'c'] }],
    [{ known: ['a'] }, { known: ['b'] }, { known: [] }],
    [{ known: ['a'] }, {}, { known: ['a'] }],
    [{ known: ['a'] }, { is: 'text' }, { known: ['a'], is: 'text' }],
    [
      { known: ['a'] },
      { steers: false, carries: false },
      { known: ['a'], steers: false, carries: false },
    ],
    [{ known: ['a'] }, { steers: true }, { known: [], steers: true }],
    [{ known: ['a'] }, { carries: true }, { known: [], carries: true }],
    [{ known: ['a'], steers: true }, { steers: true }, { known: [], steers: true }],
    [{ known: ['a'], steers: true }, {}, { known: ['a'], steers: true }],
    [{ steers: true }, { carries: true }, { steers: true, carries: true }],
    [
      { idsFrom: ['a', 'b'], fromNamed: ['c'], steers: true },
      { idsFrom: ['b'], carries: true },
      { idsFrom: ['b'], fromNamed: [], steers: true, carries: true },
    ],
    [
      { idsFrom: ['a'], known: ['k'] },
      { idsFrom: ['a'], fromNamed: ['n'] },
      { idsFrom: ['a'], known: ['k'], fromNamed: ['n'] },
    ],
  ])('%j and %j: %j', (a, b, expected) => {
    expect(argument(a, b)).toStrictEqual(expected)
    expect(argument(b, a)).toEqual(expected)
  })

  test('those of the first stand first, then those that only the second names', () => {
    const merged = mergeEntries(
      entry({ args: { b: { is: 'text' }, a: {} } }),
      entry({ args: { c: { steers: true }, a: { carries: true } } }),
    )
    expect(merged.args).toStrictEqual(
      named({ b: { is: 'text' }, a: { carries: true }, c: { steers: true } }),
    )
  })
})

describe('a part of the result is never milder than what the other entry says about it', () => {
  const mild: OutputLabel = { trust: 'trusted', secrecy: 'public' }
  const harsh: OutputLabel = { trust: 'untrusted', secrecy: 'private' }

  test.each<[string, string, OutputLabel]>([
    ['/a', '/a', harsh],
    ['/a', '/*', harsh],
    ['/*', '/a', harsh],
    ['/a/b', '/a', harsh],
    ['/a', '/a/b', harsh],
    ['/*/b', '/a/*', harsh],
    ['', '/a', harsh],
    ['/a', '', harsh],
    ['/a', '/b', mild],
    ['/a/b', '/a/c', mild],
    ['/a/b', '/c/b', mild],
    ['/*/b', '/a/c', mild],
  ])('of %j under %j', (own, other, expected) => {
    const fields = fieldsOf(
      entry({ fields: { [own]: mild } }),
      entry({ fields: { [other]: harsh } }),
    )
    expect((fields as Fields)[own]).toStrictEqual(expected)
    expect((fields as Fields)[other]).toStrictEqual(harsh)
  })

  test('the whole result bounds each part that nothing nearer is said about', () => {
    const whole = entry({ facts: { output: harsh }, fields: { '/a': mild } })
    expect(fieldsOf(entry({ fields: { '/a': mild, '/b': mild } }), whole)).toStrictEqual({
      '/a': mild,
      '/b': harsh,
    })
    expect(fieldsOf(whole, entry({ fields: { '/c': mild } }))).toStrictEqual({
      '/a': mild,
      '/c': harsh,
    })
  })

  test('parts that both name stand once, in the order of the first', () => {
    const one = entry({ fields: { '/b': mild, '/a': { secrecy: 'secret' } } })
    const other = entry({ fields: { '/a': { trust: 'untrusted' }, '/c': mild } })
    expect(mergeEntries(one, other).fields).toStrictEqual(
      named({ '/b': mild, '/a': { trust: 'untrusted', secrecy: 'secret' }, '/c': mild }),
    )
  })
})

const withOutput = (label: OutputLabel): ToolEntry => entry({ facts: { output: label } })

const withField = (label: OutputLabel): ToolEntry => entry({ fields: { '/a': label } })

describe('two entries contradict each other', () => {
  const trusting: OutputLabel = { endorse: 'number' }
  const untrusted: OutputLabel = { trust: 'untrusted' }

  test('in all that cannot both hold, which is named at once', () => {
    const one = entry({
      facts: { kind: 'read', output: trusting },
      args: { to: { is: 'iban' }, x: { is: 'text' } },
      fields: { '/a': trusting, '/b': trusting },
      pin: 'p',
    })
    const other = entry({
      facts: { kind: 'write', output: untrusted },
      args: { x: { is: 'money' }, to: { is: 'iban' } },
      fields: { '/a': { endorse: 'date' } },
      pin: 'q',
    })
    expect(contradictions(one, other)).toEqual([
      'kind',
      'pin',
      'args.x.is',
      'output.endorse',
      'fields./a.endorse',
      'fields./b.endorse',
      'fields./a.endorse',
    ])
  })

  test.each<[string, OutputLabel, OutputLabel, boolean]>([
    ['the same shape', trusting, trusting, false],
    ['another shape', trusting, { endorse: 'date' }, true],
    ['what is not trusted', trusting, untrusted, true],
    ['what is trusted', trusting, { trust: 'trusted' }, false],
    ['what is secret', trusting, { secrecy: 'secret' }, false],
    ['no shape at all', untrusted, untrusted, false],
    [
      'the same shape of what is not trusted',
      { ...trusting, ...untrusted },
      { ...trusting, ...untrusted },
      false,
    ],
  ])('or not, where one trusts a shape and the other says %s', (_, a, b, expected) => {
    expect(contradictions(withOutput(a), withOutput(b))).toEqual(expected ? ['output.endorse'] : [])
    expect(contradictions(withOutput(b), withOutput(a))).toEqual(expected ? ['output.endorse'] : [])
    expect(contradictions(withField(a), withField(b)).length > 0).toBe(expected)
    expect(contradictions(withField(b), withField(a)).length > 0).toBe(expected)
  })

  test('not where only one of them speaks', () => {
    const full = entry({
      facts: { kind: 'read', output: trusting },
      args: { x: { is: 'text' } },
      fields: { '/a': trusting },
      pin: 'p',
    })
    expect(contradictions(full, entry())).toEqual([])
    expect(contradictions(entry(), full)).toEqual([])
    expect(contradictions(full, entry({ args: { x: {} }, fields: { '/b': untrusted } }))).toEqual(
      [],
    )
  })
})
