import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/base/json.ts'
import { RunIndex } from '../../src/gate/flow/run-index.ts'
import type { Decision } from '../../src/protocol/decision.ts'
import { expectCases } from '../support/tally.ts'
import { flowPolicy, Talk } from '../unit/gate/flow/support.ts'

const policy = flowPolicy({
  act: {
    sink: 'external',
    args: {
      to: { steers: true, idsFrom: ['list'], fromNamed: ['read'] },
      url: { steers: true, is: 'url' },
      body: { carries: true },
    },
  },
  tools: { list: { kind: 'read', output: { trust: 'untrusted', secrecy: 'private' } } },
})

const words = ['ann', 'bob', 'eve', 'a-13', '13', '12ab34', 'www.x.example', 'https://y.example/a']
const text = fc.array(fc.constantFrom(...words), { maxLength: 4 }).map((list) => list.join(' '))
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  text,
  fc.constantFrom<JsonValue>(13, true, null),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('id', 'ann lee'), text, { noNullPrototype: true }),
)
const args: fc.Arbitrary<JsonObject> = fc.record(
  { to: value, url: fc.constantFrom(...words), body: value },
  { requiredKeys: [] },
)
const asked: fc.Arbitrary<JsonObject> = fc.record({ q: text }, { requiredKeys: [] })
const result = fc.record({ tool: fc.constantFrom('read', 'lookup', 'list'), args: asked, value })

interface Story {
  readonly said: readonly string[]
  readonly results: readonly {
    readonly tool: string
    readonly args: JsonObject
    readonly value: JsonValue
  }[]
}
const story: fc.Arbitrary<Story> = fc.record({
  said: fc.array(text, { maxLength: 2 }),
  results: fc.array(result, { maxLength: 4 }),
})

function tell({ said, results }: Story, more: Partial<Story> = {}): Talk {
  const talk = new Talk(policy)
  for (const line of [...said, ...(more.said ?? [])]) talk.says(line)
  for (const one of [...results, ...(more.results ?? [])]) talk.reads(one.value, one.tool, one.args)
  return talk
}

const strictness = { allow: 0, ask: 1, deny: 2 } as const
const strict = ({ effect }: Decision): number => strictness[effect]
const outcome = ({ effect, rule }: Decision): unknown => ({ effect, rule })

test('untrusted text never makes a decision milder', () => {
  const seen = { stricter: 0, 'as strict': 0 }
  const untrusted = result.map((one) => ({ ...one, tool: 'unlabelled' }))
  fc.assert(
    fc.property(story, fc.array(untrusted, { maxLength: 3 }), args, (base, results, call) => {
      const before = strict(tell(base).decide(call))
      const after = strict(tell(base, { results }).decide(call))
      expect(after).toBeGreaterThanOrEqual(before)
      seen[after > before ? 'stricter' : 'as strict']++
    }),
    { numRuns: 500 },
  )
  expectCases(seen, 1)
})

test('trusted text never makes a decision stricter', () => {
  const trusted = result.map((one) => ({ ...one, tool: 'lookup', args: {} }))
  const more = fc.record({
    said: fc.array(text, { maxLength: 2 }),
    results: fc.array(trusted, { maxLength: 2 }),
  })
  const seen = { milder: 0, 'as strict': 0 }
  fc.assert(
    fc.property(story, more, args, (base, added, call) => {
      const before = strict(tell(base).decide(call))
      const after = strict(tell(base, added).decide(call))
      expect(after).toBeLessThanOrEqual(before)
      seen[after < before ? 'milder' : 'as strict']++
    }),
    { numRuns: 500 },
  )
  expectCases(seen, 1)
})

test('the order of results does not matter', () => {
  const seen = { allow: 0, ask: 0, deny: 0 }
  const shuffled = story.chain((base) =>
    fc
      .shuffledSubarray([...base.results], { minLength: base.results.length })
      .map((results) => ({ base, results })),
  )
  fc.assert(
    fc.property(shuffled, args, ({ base, results }, call) => {
      const other = tell({ ...base, results })
      const decision = tell(base).decide(call)
      expect(outcome(other.decide(call))).toEqual(outcome(decision))
      if (results.length > 1) seen[decision.effect]++
    }),
    { numRuns: 500 },
  )
  expectCases(seen, 1)
})

test('a steering value that passes in a tainted session occurs in what was trusted', () => {
  const person = fc.constantFrom('ann', 'bob', 'eve')
  const seen = { said: 0, 'only read': 0, unheard: 0 }
  fc.assert(
    fc.property(fc.array(person, { maxLength: 2 }), fc.array(person), person, (said, read, to) => {
      const talk = new Talk(policy).says(said.join(' and ')).reads(`x ${read.join(' ')}`)
      expect(talk.decide({ to }).effect === 'allow').toBe(said.includes(to))
      seen[said.includes(to) ? 'said' : read.includes(to) ? 'only read' : 'unheard']++
    }),
    { numRuns: 200 },
  )
  expectCases(seen, 1)
})

test('runs are found exactly where they occur within one source', () => {
  const seen = { found: 0, 'not found': 0 }
  const letters = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 5 }), letters, (sources, run) => {
      fc.pre(run.length > 0)
      const index = new RunIndex()
      for (const [number, source] of sources.entries()) index.add(Float64Array.from(source), number)
      const found = index.find({ length: run.length, at: (at) => run[at]! })
      const holds = (source: readonly number[]): boolean =>
        source.some((_, start) => run.every((word, offset) => source[start + offset] === word))
      expect(found !== undefined).toBe(sources.some(holds))
      if (found !== undefined) expect(holds(sources[found]!)).toBe(true)
      seen[found === undefined ? 'not found' : 'found']++
    }),
    { numRuns: 5000 },
  )
  expectCases(seen, 50)
})
