import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { explain } from '../../src/analysis/explain.ts'
import type { Flip } from '../../src/analysis/flips.ts'
import { approachOfScenario, type Question } from '../../src/analysis/question.ts'
import { editsFor } from '../../src/analysis/rule-edits.ts'
import { withValue } from '../../src/analysis/sample-arguments.ts'
import { missing } from '../../src/analysis/cut-points.ts'
import { clockAt, decideScenario } from '../../src/analysis/scenario.ts'
import { pointerTokens, type JsonObject } from '../../src/base/json.ts'
import { prepareRehearsals } from '../../src/gate/rehearsal.ts'
import { compileFor } from '../../src/loading/text.ts'
import type { PolicyFile } from '../../src/policy/document.ts'
import { policyOf, user } from '../support/agent.ts'
import { args, name, policies } from './random-sections.ts'

/** The situation that a flip speaks of, made anew from its words. */
function flipped(
  { kind, change, pointer, value }: Flip,
  question: Question,
  file: PolicyFile,
): { readonly question: Question; readonly file: PolicyFile } {
  if (kind === 'argument') {
    const changed = withValue(
      question.args,
      pointerTokens(pointer!)!,
      value === undefined ? missing : value,
    )
    return { question: { ...question, args: changed }, file }
  }
  if (kind === 'rule') {
    const edit = editsFor(file, question).find(({ what }) => what === change)
    return { question, file: edit!.file }
  }
  const [, had, , text] = /^the caller (had|did not have) the (role|scope) `(.+)`$/.exec(change)!
  const key = kind === 'role' ? 'roles' : 'scopes'
  const list = question.principal![key]
  const changed = had === 'had' ? [...list, text!] : list.filter((other) => other !== text)
  return { question: { ...question, principal: { ...question.principal!, [key]: changed } }, file }
}

test('what an explanation says would change the decision does change it, as it says', async () => {
  const kinds = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      policies,
      name,
      args,
      fc.array(name, { maxLength: 2 }),
      async (sections, tool, given, earlier) => {
        const { file } = policyOf(sections as unknown as JsonObject)
        const policy = compileFor(file, undefined)
        const begin = await prepareRehearsals(policy, { clock: clockAt(0) })
        const question: Question = { tool, args: given, principal: user }
        const before = earlier.map((other) => ({ tool: other }))
        const { decision, flips } = await explain(question, {
          policy,
          begin,
          approach: approachOfScenario({ ...question, given: before }),
          tools: undefined,
          compile: (changed) => compileFor(changed, undefined),
        })
        for (const flip of flips) {
          kinds.add(flip.kind)
          const other = flipped(flip, question, file)
          const otherBegin = await prepareRehearsals(compileFor(other.file, undefined), {
            clock: clockAt(0),
          })
          const { effect, rule } = await decideScenario(otherBegin, {
            ...other.question,
            given: before,
          })
          expect(effect).not.toBe(decision.effect)
          expect({ effect, rule }).toEqual({ effect: flip.effect, rule: flip.rule })
        }
      },
    ),
    { numRuns: 150 },
  )
  expect([...kinds].toSorted()).toEqual(['argument', 'role', 'rule'])
}, 120_000)
