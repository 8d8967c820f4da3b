import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyFile } from '../../../src/policy/document.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { expectCases } from '../../support/tally.ts'
import { plainReading, type PlainRule } from './plain-reading.ts'
import {
  body,
  bound,
  call,
  decide,
  jsonText,
  manyRules,
  roles,
  rules,
  rulesUpTo,
  value,
} from './plain-rules.ts'

const strictness = { allow: 0, ask: 1, deny: 2 } as const

function renamed(plain: readonly PlainRule[]): PlainRule[] {
  return plain.map((rule) => ({ ...rule, id: `${rule.id}-again` }))
}

test('a decision is what a plain reading of the rules says', () => {
  const seen = { allow: 0, ask: 0, deny: 0, default: 0 }
  fc.assert(
    fc.property(rules, call, (plain, request) => {
      const { effect, rule } = decide(plain, request)
      expect({ effect, rule }).toEqual(plainReading(plain, request))
      seen[rule === 'default' ? 'default' : effect]++
    }),
    { numRuns: 3000 },
  )
  expectCases(seen, 20)
})

test('many rules, which are looked up instead of tried, decide as a plain reading says', () => {
  const seen = { allow: 0, ask: 0, deny: 0, default: 0 }
  fc.assert(
    fc.property(manyRules, call, (plain, request) => {
      const { effect, rule } = decide(plain, request)
      expect({ effect, rule }).toEqual(plainReading(plain, request))
      seen[rule === 'default' ? 'default' : effect]++
    }),
    { numRuns: 500 },
  )
  expectCases(seen, 1)
})

test('the order of rules does not matter, and none counts twice', () => {
  const seen = { allow: 0, ask: 0, deny: 0, default: 0 }
  fc.assert(
    fc.property(rules, call, fc.infiniteStream(fc.nat()), (plain, request, random) => {
      const keys = new Map(plain.map((rule) => [rule, random.next().value!]))
      const shuffled = plain.toSorted((a, b) => keys.get(a)! - keys.get(b)!)
      const { effect, rule, rules: applied } = decide(plain, request)
      const again = decide(shuffled, request)
      expect(again.effect).toBe(effect)
      expect(again.rule).toBe(rule)
      expect(again.rules.map(({ id }) => id)).toEqual(applied.map(({ id }) => id))
      expect(decide([...plain, ...renamed(plain)], request).effect).toBe(effect)
      seen[rule === 'default' ? 'default' : effect]++
    }),
    { numRuns: 500 },
  )
  expectCases(seen, 1)
})

test('another deny or ask rule never makes a decision less strict', () => {
  const seen = { 'allow to ask': 0, 'allow to deny': 0, 'ask to deny': 0, 'deny to ask': 0 }
  fc.assert(
    fc.property(
      rules,
      body,
      call,
      fc.constantFrom('deny', 'ask'),
      (plain, extra, request, effect) => {
        const more = [...plain, { id: 'extra', [effect]: ['**'], ...extra }]
        const before = decide(plain, request)
        const after = decide(more, request)
        const change = `${before.effect} to ${after.effect}`
        if (change in seen) seen[change as keyof typeof seen]++
        if (effect === 'deny') {
          expect(strictness[after.effect]).toBeGreaterThanOrEqual(strictness[before.effect])
        } else {
          // what nothing allowed may be asked about; it is never allowed
          if (before.effect !== 'allow') expect(after.effect).not.toBe('allow')
          if (before.effect === 'deny' && before.rule !== 'default') {
            expect(after.effect).toBe('deny')
          }
        }
      },
    ),
    { numRuns: 1000 },
  )
  expectCases(seen, 1)
})

const definitions = readPolicy(
  JSON.stringify({
    sallyport: 1,
    name: 'd',
    roles,
  }),
  { file: 'd.json', asParent: true },
)

function extending(plain: readonly PlainRule[], parents: readonly PolicyFile[]): PolicyFile {
  const names = parents.map((_, index) => `./p${index}.json`)
  const document = { sallyport: 1, name: 'p', extends: names, rules: plain }
  return readPolicy(jsonText(document), { file: 'p.json', parents })
}

/** As they stand in another file, where no two files name a rule alike. */
function inFile(prefix: string, plain: readonly PlainRule[]): PlainRule[] {
  return plain.map((rule) => ({
    ...rule,
    id: `${prefix}-${rule.id}`,
    ...(rule.except === undefined ? {} : { except: rule.except.map((id) => `${prefix}-${id}`) }),
  }))
}

test('a file with parents decides as the strictest of them all, in whatever order', () => {
  // a file without rules only lends definitions to others
  const mild = fc
    .tuple(rulesUpTo(4), fc.boolean())
    .map(([plain, open]) => (open ? [...plain, { id: 'open', allow: ['**'] }] : plain))
    .filter((plain) => plain.length > 0)
  const seen = { 'by the file': 0, 'by a parent': 0, 'by all alike': 0, allow: 0 }
  fc.assert(
    fc.property(mild, mild, mild, call, (own, other, third, asked) => {
      const request = { ...asked, at: '' }
      const files = [own, inFile('b', other), inFile('c', third)].map((plain) =>
        extending(plain, [definitions]),
      )
      const [child, parent, grandparent] = files as [PolicyFile, PolicyFile, PolicyFile]
      const alone = files.map((file) => compilePolicy(file).decide(request).effect)
      const strictest = alone.toSorted((a, b) => strictness[b] - strictness[a])[0]
      const besides = compilePolicy(extending(own, [parent, grandparent, definitions]))
      const chain = extending(inFile('b', other), [grandparent, definitions])
      const above = compilePolicy(extending(own, [chain, definitions]))
      const first = besides.decide(request)
      expect(first.effect).toBe(strictest)
      const [mine] = alone
      const all = new Set(alone).size === 1
      const decider = all ? 'by all alike' : mine === strictest ? 'by the file' : 'by a parent'
      seen[decider]++
      if (first.effect === 'allow') seen.allow++
      const { effect, rule } = above.decide(request)
      expect({ effect, rule }).toEqual({ effect: first.effect, rule: first.rule })
      expect(compilePolicy(child).decide(request).effect).toBe(alone[0])
    }),
    { numRuns: 500 },
  )
  expectCases(seen, 1)
})

test('what cannot be evaluated never satisfies an allow and always fires a deny', () => {
  const numeric = fc.constantFrom('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum')
  const notNumber = value.filter((one) => typeof one !== 'number')
  fc.assert(
    fc.property(numeric, bound, notNumber, call, (key, parameter, wrong, request) => {
      const args = { x: { [key]: parameter } }
      const asked = { ...request, tool: 't', args: { x: wrong } }
      expect(decide([{ id: 'a', allow: ['t'], args }], asked).effect).toBe('deny')
      expect(decide([{ id: 'a', allow: ['t'], args: { x: { not: args.x } } }], asked).effect).toBe(
        'deny',
      )
      const withDeny = [
        { id: 'a', allow: ['t'] },
        { id: 'd', deny: ['t'], args },
      ]
      expect(decide(withDeny, asked)).toMatchObject({ effect: 'deny', rule: 'd' })
      const withAsk = [
        { id: 'a', allow: ['t'] },
        { id: 'k', ask: ['t'], args },
      ]
      expect(decide(withAsk, asked)).toMatchObject({ effect: 'ask', rule: 'k' })
    }),
    { numRuns: 300 },
  )
})
