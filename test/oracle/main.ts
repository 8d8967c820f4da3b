import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { compare, emptyTally } from '../conformance/cedar/compare.ts'
import { sharedCases } from '../conformance/cedar/shared-language.ts'
import { plainReading } from '../property/policy/plain-reading.ts'
import { call, decide, manyRules, rules } from '../property/policy/plain-rules.ts'

/**
 * Random policies by the hundred thousand against two other readers of the same language, as far
 * as they know it: Cedar, and a slow and plain reading. Fails at the first difference, with the
 * smallest case that shows it. The optional argument is the number of cases, 100,000 by default.
 */
const numRuns = Number(process.argv[2] ?? 100_000)
assert.ok(Number.isInteger(numRuns) && numRuns > 0, 'the number of cases has to be positive')

const tally = emptyTally()
fc.assert(
  fc.property(sharedCases, (one) => compare(one, tally)),
  { numRuns },
)
console.log(`cedar: ${numRuns} policies, ${tally.calls} calls, the same rules apply in both`)
console.log(`  allow ${tally.allow}, deny ${tally.deny}, some policy erred in ${tally.erring}`)
console.log(`  allowed there, where every forbid that applies here erred: ${tally.skipped}`)

const effects = { allow: 0, ask: 0, deny: 0 }
fc.assert(
  fc.property(fc.oneof(rules, manyRules), call, (plain, request) => {
    const { effect, rule } = decide(plain, request)
    assert.deepEqual({ effect, rule }, plainReading(plain, request))
    effects[effect]++
  }),
  { numRuns },
)
console.log(`plain reading: ${numRuns} policies and calls, the same rule decides in both`)
console.log(`  allow ${effects.allow}, ask ${effects.ask}, deny ${effects.deny}`)
