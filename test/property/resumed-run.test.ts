import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { anthropic } from '../../src/model/anthropic.ts'
import { openaiCompatible } from '../../src/model/compatible.ts'
import { openai } from '../../src/model/openai.ts'
import { verifyChain } from '../../src/report/index.ts'
import type { Model } from '../../src/protocol/model.ts'
import type { Runtime } from '../../src/runtime-handle.ts'
import type { RunResult } from '../../src/runtime-options.ts'
import { createRuntime } from '../../src/runtime.ts'
import {
  fakeProvider,
  type FakeProvider,
  type FakeRequest,
} from '../../src/testing/fake-provider.ts'
import type { ScriptedTurn } from '../../src/testing/turn.ts'
import { collect, policyOf, toolOf, user } from '../support/agent.ts'
import { course, cutAt } from '../support/course.ts'
import { share } from '../support/share.ts'
import { expectCases } from '../support/tally.ts'

// Law: a run is the same run wherever its process dies and whoever carries it on.

const who = { roles: ['user'] }
const policy = policyOf({
  rules: [
    { id: 'free', allow: ['look', 'note'], who },
    { id: 'paying', ask: ['pay'], who, approvers: { roles: ['lead'] } },
  ],
  limits: [{ id: 'few', tools: ['**'], per: 'session', max: 6, over: 'deny' }],
})

const call = fc.record({
  tool: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('look', 'note', 'pay', 'pay', 'never') },
    { weight: 1, arbitrary: fc.constant('stranger') },
  ),
  args: fc.record({ sum: fc.integer({ min: 0, max: 9 }) }),
})

const scenario = fc.record({
  turns: fc.array(
    fc.record({
      calls: fc.array(call, { minLength: 1, maxLength: 4 }),
      reasoning: fc.constantFrom('', 'well'),
      finish: fc.oneof(
        { weight: 12, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constant('length') },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  action: fc.constantFrom('approve', 'deny', 'edit'),
  /** Where the process dies, as a share of the records. */
  at: share,
  /** Just after the next tool has been started, when there is one. */
  isRunning: fc.boolean(),
})

type Scenario = typeof scenario extends fc.Arbitrary<infer Value> ? Value : never

function turnsOf({ turns }: Scenario): readonly ScriptedTurn[] {
  const said = turns.map(({ calls, finish, reasoning }, turn) => ({
    text: `said-${turn}`,
    reasoning,
    calls: calls.map((each, index) => ({ ...each, id: `${turn}-${index}` })),
    ...(finish === undefined ? {} : { finish }),
  }))
  return [...said, { text: `said-${turns.length}` }]
}

/** The number of the turn that a request asks for: one after the last that it repeats. */
function turnAskedFor({ text }: FakeRequest): number {
  const repeated = [...text.matchAll(/said-(\d+)/g)].map(([, turn]) => Number(turn))
  return Math.max(-1, ...repeated) + 1
}

/** The provider names what it says by the number of the request, which is another one later. */
function unnumbered<Value>(value: Value): Value {
  const text = JSON.stringify(value).replaceAll(/\b(sealed-|[a-z]+_)\d+(_\d+)?\b/g, '$1')
  return JSON.parse(text) as Value
}

/** What a runtime of its own carries, with what its tools have done. */
function world(journal: Journal, model: Model, action: Scenario['action']) {
  const done: string[] = []
  const tool = (name: string, isIdempotent = false) =>
    toolOf(name, {
      annotations: { idempotent: isIdempotent },
      editable: ['/sum'],
      execute(args, { idempotencyKey }) {
        done.push(idempotencyKey)
        return { from: name, args }
      },
    })
  const by = { subject: 'lena', roles: ['lead'] }
  const edited = action === 'edit' ? { args: { sum: 100 } } : {}
  const runtime: Runtime = createRuntime({
    model,
    tools: [tool('look', true), tool('note'), tool('pay'), tool('never')],
    policy,
    journal,
    authenticator: async () => user,
    approve: () => ({ action, by, ...edited }),
  })
  return { done, runtime }
}

/** Carries on until nothing is in doubt; an operator has what was in doubt done again. */
async function carriedOn(
  { done, runtime }: ReturnType<typeof world>,
  runId: string,
): Promise<RunResult & { readonly wasInDoubt: boolean }> {
  const first = await runtime.resume(runId).result()
  for (const id of first.inDoubt) expect(done).not.toContain(id)
  if (first.inDoubt.length === 0) return { ...first, wasInDoubt: false }
  const resolve = Object.fromEntries(first.inDoubt.map((id) => [id, 'retry' as const]))
  return { ...(await runtime.resume(runId, { resolve }).result()), wasInDoubt: true }
}

const outcomes = { approve: 'approved', deny: 'denied', edit: 'edited' } as const

const wires: Readonly<Record<string, (provider: FakeProvider, model: string) => Model>> = {
  chat: ({ baseUrl }, model) => openaiCompatible({ baseUrl, model }),
  responses: ({ baseUrl }, model) => openai({ baseUrl, model, apiKey: 'k' }),
  anthropic: ({ rootUrl }, model) => anthropic({ baseUrl: rootUrl, model, apiKey: 'k' }),
}

describe.each(Object.entries(wires))('over %s', (_, modelOf) => {
  test('a run whose process dies anywhere is the run it would have been', async () => {
    const scripts = new Map<string, readonly ScriptedTurn[]>()
    await using provider = await fakeProvider({
      turns: (request) => scripts.get(String(request.body['model']))![turnAskedFor(request)]!,
    })
    const seen = {
      'before any call': 0,
      'between calls': 0,
      'after all calls': 0,
      'in doubt': 0,
      approved: 0,
      denied: 0,
      edited: 0,
    }
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const name = `model-${scripts.size}`
        scripts.set(name, turnsOf(given))
        const sent = (): FakeRequest[] =>
          provider.requests.filter(({ body }) => body['model'] === name)
        const journal = memoryJournal()
        const undisturbed = world(journal, modelOf(provider, name), given.action)
        const expected = await undisturbed.runtime
          .run({ input: 'go', auth: { custom: 'user' } })
          .result()
        const { runId } = expected
        const asked = new Map(
          sent().map((request) => [turnAskedFor(request), unnumbered(request.body)]),
        )
        const records = await collect(journal.read(runId))
        const chosen = 1 + Math.floor(given.at * (records.length - 2))
        const started = records.findIndex(
          ({ line }, index) => index >= chosen && line.includes('"type":"execution-start"'),
        )
        const length = given.isRunning && started >= 0 ? started + 1 : chosen

        const cut = await cutAt(journal, runId, length)
        const before = await collect(cut.read(runId))
        const finished = before
          .map(({ line }) => JSON.parse(line) as { type: string; callId: string })
          .flatMap(({ callId, type }) => (type === 'tool-result' ? [callId] : []))
        const later = world(cut, modelOf(provider, name), given.action)
        const { wasInDoubt, ...found } = await carriedOn(later, runId)

        expect(unnumbered(course(found))).toEqual(unnumbered(course(expected)))
        expect(later.done.filter((id) => finished.includes(id))).toEqual([])
        expect(new Set(later.done).size).toBe(later.done.length)
        for (const request of sent()) {
          expect(unnumbered(request.body)).toEqual(asked.get(turnAskedFor(request)))
        }
        expect(await verifyChain(cut.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })

        const { rows } = expected.report
        if (finished.length === 0) seen['before any call']++
        else seen[finished.length < rows.length ? 'between calls' : 'after all calls']++
        if (wasInDoubt) seen['in doubt']++
        if (rows.some(({ approvals }) => approvals.length > 0)) seen[outcomes[given.action]]++
      }),
      { numRuns: 120 },
    )
    expectCases(seen, 1)
  }, 120_000)
})
