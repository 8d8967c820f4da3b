import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { explain } from '../../src/analysis/explain.ts'
import type { Flip } from '../../src/analysis/flips.ts'
import { approachOfScenario, type Question } from '../../src/analysis/question.ts'
import { editsFor } from '../../src/analysis/rule-edits.ts'
import { withValue } from '../../src/analysis/sample-arguments.ts'
import { missing } from '../../src/analysis/cut-points.ts'
import { clockAt, decideScenario } from '../../src/analysis/scenario.ts'
import { pointerTokens, type JsonObject, type JsonValue } from '../../src/base/json.ts'
import { prepareRehearsals } from '../../src/gate/rehearsal.ts'
import { compileFor } from '../../src/loading/text.ts'
import type { PolicyFile } from '../../src/policy/document.ts'
import { policyOf, user } from '../support/agent.ts'
import { expectCases } from '../support/tally.ts'
import { args, flowPolicies, name, policies } from './random-sections.ts'

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
  if (kind === 'prompt') {
    const names = [...change.matchAll(/`\/([^`]+)`/g)].map(([, pointed]) => pointed!)
    const said = names.flatMap((pointed) => texts(question.args[pointed])).join(' and ')
    return { question: { ...question, said }, file }
  }
  const [, had, , text] = /^the caller (had|did not have) the (role|scope) `(.+)`$/.exec(change)!
  const key = kind === 'role' ? 'roles' : 'scopes'
  const list = question.principal![key]
  const changed = had === 'had' ? [...list, text!] : list.filter((other) => other !== text)
  return { question: { ...question, principal: { ...question.principal!, [key]: changed } }, file }
}

function texts(value: JsonValue | undefined): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(texts)
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : []
}

const questions = fc.oneof(
  fc.record({ sections: policies, tool: name, args, earlier: fc.array(name, { maxLength: 2 }) }),
  // what steers a call stands in text that nobody trusts
  fc.record({
    sections: flowPolicies.map((sections) => ({
      ...sections,
      rules: [...sections.rules.slice(0, 1), { id: 'open', allow: ['pay'] }],
    })),
    tool: fc.constant('pay'),
    args: args.filter((given) => Object.keys(given).length > 0),
    earlier: fc.constant(['look', 'never']),
  }),
)

test('what an explanation says would change the decision does change it, as it says', async () => {
  const seen = { argument: 0, prompt: 0, role: 0, scope: 0, rule: 0 }
  await fc.assert(
    fc.asyncProperty(questions, async ({ sections, tool, args: given, earlier }) => {
      const { file } = policyOf(sections as unknown as JsonObject)
      const policy = compileFor(file, undefined)
      const begin = await prepareRehearsals(policy, { clock: clockAt(0) })
      const question: Question = { tool, args: given, principal: user }
      const before = earlier.map((other) => ({
        tool: other,
        result: 'look-77-secret, a or b, and 1, 2 and 3.5',
      }))
      const { decision, flips } = await explain(question, {
        policy,
        begin,
        approach: approachOfScenario({ ...question, given: before }),
        tools: undefined,
        compile: (changed) => compileFor(changed, undefined),
      })
      // of each kind there is one at most
      for (const flip of flips) {
        seen[flip.kind]++
        const other = flipped(flip, question, file)
        const otherBegin = await prepareRehearsals(compileFor(other.file, undefined), {
          clock: clockAt(0),
        })
        const { effect, rule } = await decideScenario(otherBegin, {
          ...other.question,
          given: before,
          ...(other.question.said === undefined ? {} : { prompt: other.question.said }),
        })
        expect(effect).not.toBe(decision.effect)
        expect({ effect, rule }).toEqual({ effect: flip.effect, rule: flip.rule })
      }
    }),
    { numRuns: 250 },
  )
  expectCases(seen, 1)
}, 120_000)
