import { describe, expect, test } from 'vitest'
import { Ledger, type Source } from '../../../../src/gate/flow/ledger.ts'
import { keyedDigest } from '../../../../src/gate/flow/keyed-digest.ts'
import type { Print } from '../../../../src/gate/flow/print.ts'
import { Repetition } from '../../../../src/gate/flow/repetition.ts'
import { RunIndex, type Run } from '../../../../src/gate/flow/run-index.ts'
import { digestQuery, SourceIndex } from '../../../../src/gate/flow/source-index.ts'
import { grown, noTransition, Transitions } from '../../../../src/gate/flow/transitions.ts'

/** The same numbers from 0 up to the bound each time (Park and Miller). */
function numbers(bound: number): () => number {
  let state = 7
  return () => (state = (state * 48_271) % 2_147_483_647) % bound
}

const runOf = (words: readonly number[]): Run => ({
  length: words.length,
  at: (index) => words[index]!,
})

/** All runs of up to so many of these words. */
function runsOf(words: readonly number[], length: number): readonly (readonly number[])[] {
  if (length === 0) return [[]]
  const shorter = runsOf(words, length - 1)
  const longest = shorter.filter((run) => run.length === length - 1)
  return [...shorter, ...longest.flatMap((run) => words.map((word) => [...run, word]))]
}

const holds = (text: readonly number[], run: readonly number[]): boolean =>
  text.some((_, at) => run.every((word, offset) => text[at + offset] === word))

describe('an index of runs', () => {
  const next = numbers(3)
  const texts = Array.from({ length: 12 }, (_, at) => Array.from({ length: 3 * at + 1 }, next))
  const all = runsOf([0, 1, 2], 6).slice(1)

  test('finds exactly the runs that stand in one source, and one that holds it', () => {
    const index = new RunIndex()
    for (const [source, text] of texts.entries()) {
      index.add(Float64Array.from(text), source)
      const known = texts.slice(0, source + 1)
      for (const run of all) {
        const found = index.find(runOf(run))
        const isThere = known.some((each) => holds(each, run))
        expect([run, found !== undefined]).toEqual([run, isThere])
        if (found !== undefined) expect(holds(known[found]!, run)).toBe(true)
      }
    }
  })

  test('finds whole sources, and no run that spans two', () => {
    const index = new RunIndex()
    index.add(Float64Array.of(1, 2, 3), 5)
    index.add(Float64Array.of(4, 5), 6)
    expect(index.find(runOf([1, 2, 3]))).toBe(5)
    expect(index.find(runOf([2, 3]))).toBe(5)
    expect(index.find(runOf([4, 5]))).toBe(6)
    expect(index.find(runOf([3, 4]))).toBeUndefined()
    expect(index.find(runOf([1, 3]))).toBeUndefined()
    expect(index.find(runOf([9]))).toBeUndefined()
  })

  test('has no source for a run of no words', () => {
    const index = new RunIndex()
    index.add(Float64Array.of(1), 0)
    expect(index.find(runOf([]))).toBeUndefined()
  })

  test('names the first source of a run', () => {
    const index = new RunIndex()
    index.add(Float64Array.of(1, 2), 3)
    index.add(Float64Array.of(7, 1, 2, 8), 4)
    expect(index.find(runOf([1, 2]))).toBe(3)
    expect(index.find(runOf([7, 1, 2]))).toBe(4)
  })
})

describe('transitions', () => {
  test('are those that were added, however many', () => {
    const transitions = new Transitions()
    const model = new Map<string, number>()
    const [state, word, target] = [numbers(40), numbers(50), numbers(1000)]
    for (let step = 0; step < 1500; step++) {
      const [from, by, to] = [state(), word() + 0.5, target()]
      const key = `${from} ${by}`
      if (model.has(key)) transitions.lead(from, by, to)
      else transitions.add(from, by, to)
      model.set(key, to)
    }
    for (let from = 0; from < 45; from++) {
      for (let by = 0; by < 52; by++) {
        const expected = model.get(`${from} ${by + 0.5}`) ?? noTransition
        expect(transitions.next(from, by + 0.5)).toBe(expected)
      }
    }
  })

  test('are copied, and then lead elsewhere without the others', () => {
    const transitions = new Transitions()
    for (const word of [1, 2, 3]) transitions.add(20, word, word * 10)
    transitions.copy(20, 21)
    transitions.copy(5, 22)
    transitions.copy(500, 23)
    transitions.lead(21, 1, 7)
    transitions.lead(21, 3, 8)
    const all = [20, 21, 22, 23].map((from) => [1, 2, 3].map((by) => transitions.next(from, by)))
    expect(all).toEqual([
      [10, 20, 30],
      [7, 20, 8],
      [-1, -1, -1],
      [-1, -1, -1],
    ])
  })

  test('stand in columns that grow, filled with what stands for nothing', () => {
    expect(grown(Int32Array.of(1, 2))).toEqual(Int32Array.of(1, 2, 0, 0))
    expect(grown(Float64Array.of(1, 2), -1)).toEqual(Float64Array.of(1, 2, -1, -1))
  })
})

describe('an index of sources', () => {
  test('is asked for forms first, of which the first source counts, then for words', () => {
    const index = new SourceIndex()
    expect(index.find({ forms: [], words: runOf([1]) })).toBeUndefined()
    index.add({ words: Float64Array.of(), forms: Float64Array.of(7) }, 0)
    expect(index.find({ forms: [], words: runOf([1]) })).toBeUndefined()
    index.add({ words: Float64Array.of(1, 2), forms: Float64Array.of(7, 8) }, 1)
    expect(index.find({ forms: [9, 7], words: undefined })).toBe(0)
    expect(index.find({ forms: [8], words: undefined })).toBe(1)
    expect(index.find({ forms: [7], words: runOf([1]) })).toBe(0)
    expect(index.find({ forms: [9], words: runOf([1, 2]) })).toBe(1)
    expect(index.find({ forms: [9], words: undefined })).toBeUndefined()
  })

  test('is asked by digests, each made once and when it is needed', () => {
    const made: string[] = []
    const digest = (text: string): number => made.push(text)
    const { forms, words } = digestQuery({ forms: ['f'], words: ['a', 'b'] }, digest)
    expect([forms, words!.length, made]).toEqual([[1], 2, ['f']])
    expect([words!.at(1), words!.at(1), words!.at(0)]).toEqual([2, 2, 3])
    expect(made).toEqual(['f', 'b', 'a'])
    expect(digestQuery({ forms: [], words: [] }, digest)).toEqual({ forms: [], words: undefined })
    expect(digestQuery({ forms: [], words: undefined }, digest).words).toBeUndefined()
  })
})

const source = (tool: string, field = ''): Source => ({
  origin: { kind: 'tool', tool, callId: 'c', field },
  secrecy: 'internal',
})

const find = (ledger: Ledger, shelf: string, word: string): Source | undefined =>
  ledger.find(shelf, digestQuery({ forms: [], words: [word] }, ledger.digest))

describe('a ledger', () => {
  test('finds what stands on the shelf that is asked', () => {
    const ledger = new Ledger()
    ledger.add('user', source('t'), ['a'], ['f'])
    expect(find(ledger, 'user', 'a')).toMatchObject(source('t'))
    expect(ledger.find('user', { forms: [ledger.digest('f')], words: undefined })).toMatchObject(
      source('t'),
    )
    expect(find(ledger, 'user', 'b')).toBeUndefined()
    expect(find(ledger, 'trusted', 'a')).toBeUndefined()
  })

  test('names shelves by how they begin', () => {
    const ledger = new Ledger()
    for (const shelf of ['ids:a', 'ids:b', 'named:c']) ledger.add(shelf, source('t'), ['a'], [])
    ledger.add('ids:empty', source('t'), [], [])
    expect(ledger.shelvesBelow('ids:')).toEqual(['a', 'b'])
  })

  test('keeps what is the same once: by shelf, tool, secrecy and content, not by call', () => {
    const ledger = new Ledger(8 * 3)
    ledger.add('user', source('t', '/a'), ['a', 'b'], ['f'])
    ledger.add('user', source('t', '/b'), ['a', 'b'], ['f'])
    ledger.add('user', source('u'), ['a', 'b'], ['f'])
    ledger.add('trusted', source('t'), ['a', 'b'], ['f'])
    ledger.add('user', { ...source('t'), secrecy: 'secret' }, ['a', 'b'], ['f'])
    ledger.add('user', { origin: { kind: 'user' }, secrecy: 'internal' }, ['a', 'b'], ['f'])
    ledger.add('user', source('t'), ['a'], ['b', 'f'])
    ledger.add('user', source('t'), ['b', 'a'], ['f'])
    ledger.add('user', source('t'), ['a', 'b', 'f'], [])
    ledger.add('user', source('t'), [], ['a', 'b', 'f'])
    expect(ledger.isFull('user')).toBe(false)
    ledger.add('user', source('t'), ['c'], [])
    expect(ledger.isFull('user')).toBe(true)
  })

  test('is full when a shelf would hold more than its bound, the others are not', () => {
    const ledger = new Ledger(3)
    ledger.add('user', source('t'), ['a'], ['f', 'g'])
    expect(ledger.isFull('user')).toBe(false)
    ledger.add('user', source('t'), ['a'], ['f', 'g'])
    expect(ledger.isFull('user')).toBe(false)
    ledger.add('user', source('t'), ['b'], [])
    expect(ledger.isFull('user')).toBe(true)
    expect(find(ledger, 'user', 'b')).toBeUndefined()
    ledger.add('trusted', source('t'), ['b'], ['f', 'g'])
    expect(ledger.isFull('trusted')).toBe(false)
    ledger.miss('secrets')
    expect(ledger.isFull('secrets')).toBe(true)
  })
})

const texts = (parts: readonly Print[]): object =>
  parts.map((part) => ({ words: part.words.join(' '), forms: part.forms.join(' ') }))

const left = (values: readonly (string | number | null)[], words: string, forms = ''): object => {
  const print = { words: words.split(' '), forms: forms.split(' ') }
  const { own, answered } = new Repetition(values, keyedDigest('k')).without(print)
  return { own: texts(own), answered: texts(answered) }
}
const wordy = (words: string): object => ({ words, forms: '' })

describe('what a call has asked with', () => {
  test.each([
    [['b'], 'a b c', ['a', 'c'], ['a', 'c']],
    [['b c'], 'a b c d', ['a', 'd'], ['a', 'd']],
    [['a'], 'a a b', ['b'], ['b']],
    [['b c'], 'a b d c', ['a', 'd'], ['a b d c']],
    [['b', 'b c'], 'a b c', ['a'], ['a']],
    [['b c', 'b d'], 'b d e', ['e'], ['e']],
    [['a b'], 'a b', [], []],
    [['x y'], 'a x', ['a'], ['a x']],
    [
      ['https://x.example/y?z=o-7'],
      'a x.example b y c o-7',
      ['a', 'b', 'c'],
      ['a x.example b y c o-7'],
    ],
    [['a@x.example'], 'x.example of a', ['of'], ['x.example of a']],
    [[7], '7 a', ['a'], ['7 a']],
  ])('%j is cut out of %j', (values, words, own, answered) => {
    expect(left(values, words)).toEqual({
      own: [wordy(''), ...own.map(wordy)],
      answered: answered.map(wordy),
    })
  })

  test('is not vouched for as a form either', () => {
    expect(left([5], 'a', 'number:5 money:5 number:6')).toEqual({
      own: [{ words: 'a', forms: 'number:6' }],
      answered: [],
    })
    expect(left(['O-7 5'], 'a', 'number:5 x')).toEqual({
      own: [{ words: 'a', forms: 'x' }],
      answered: [],
    })
    expect(left([null, ''], 'a b', 'x')).toEqual({
      own: [{ words: 'a b', forms: 'x' }],
      answered: [],
    })
  })

  test.each([
    ['a b c', 'b c', true],
    ['a b c', 'B', true],
    ['a b c', 'a c', false],
    ['a b', 'b x', false],
    ['a b', '', false],
    ['5', 5, true],
    ['a/b', 'b', true],
  ])('%j holds %j: %s', (value, part, isHeld) => {
    expect(new Repetition([value], keyedDigest('k')).holds(part)).toBe(isHeld)
  })

  test('is no secret of the tool', () => {
    expect([...new Repetition(['key a1b2c3', 123_456], keyedDigest('k')).secrets]).toEqual([
      'a1b2c3',
      'keya1b2c3',
      '123456',
    ])
  })
})
