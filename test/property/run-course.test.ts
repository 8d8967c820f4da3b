import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ModelEvent } from '../../src/protocol/event.ts'
import type { Model } from '../../src/protocol/model.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import { scripted } from '../../src/testing/scripted.ts'
import type { ScriptedTurn } from '../../src/testing/turn.ts'
import { agentOf, collect, policyOf, toolOf, type Finished } from '../support/agent.ts'
import { expectEventOrder, expectOneRecord, expectValidHistories } from '../support/laws.ts'
import { expectCases } from '../support/tally.ts'
import { verifyRun } from '../support/verify-run.ts'

/** How a model breaks its promise, after so many events of the turn. */
interface Break {
  readonly how: 'throws' | 'ends without end' | 'goes on after its end'
  readonly after: number
}

interface Turn extends ScriptedTurn {
  readonly broken?: Break
}

const who = { roles: ['user'] }
const runnable = ['works', 'throws', 'hangs', 'reports', 'returns junk', 'same key'] as const

const policy = policyOf({
  rules: [
    { id: 'allowed', allow: ['*'], who },
    { id: 'asked', ask: ['asked'], who, approvers: { count: 2 } },
    { id: 'never', deny: ['denied'] },
  ],
  limits: [{ id: 'few', tools: ['works'], per: 'session', max: 4, over: 'ask' }],
})

const names = { 'returns junk': 'junk', 'same key': 'keyed' } as const
const toolNames = ['works', 'throws', 'hangs', 'reports', 'junk', 'keyed', 'asked', 'denied']

async function* reports(): AsyncGenerator<unknown, string> {
  yield 1
  await Promise.resolve()
  yield { two: 2 }
  return 'reported'
}

/** The tools; `executed` gets the id of every call that reaches one. */
function toolsOf(executed: string[]) {
  const behaviours: Record<(typeof runnable)[number], () => unknown> = {
    works: () => ({ ok: true }),
    throws: () => {
      throw new Error('no')
    },
    hangs: () => new Promise(() => undefined),
    reports,
    'returns junk': () => new Map(),
    'same key': async () => {
      await new Promise(setImmediate)
      return 'kept'
    },
  }
  const made = runnable.map((name) =>
    toolOf(name in names ? names[name as keyof typeof names] : name, {
      timeoutMs: name === 'hangs' ? 5 : 30_000,
      execute(_, { callId }) {
        executed.push(callId)
        return behaviours[name]()
      },
      ...(name === 'same key' ? { concurrencyKey: () => 'k' } : {}),
    }),
  )
  const plain = ['asked', 'denied'].map((name) =>
    toolOf(name, {
      editable: [''],
      execute(_, { callId }) {
        executed.push(callId)
        return 'ran'
      },
    }),
  )
  return [...made, ...plain]
}

const call = fc.record(
  {
    tool: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...toolNames, 'asked', 'asked') },
      { weight: 1, arbitrary: fc.constantFrom('stranger', 'constructor', '', 'wor\ud800ks') },
    ),
    rawArgs: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('{}', '{"a":1}', '{"a":{"b":[1,2]}}') },
      {
        weight: 1,
        arbitrary: fc.constantFrom('', '{', '[]', '{"a":1,"a":2}', '{"__proto__":{}}', '"\ud800"'),
      },
      { weight: 1, arbitrary: fc.json() },
    ),
    id: fc.constantFrom('same', 'other', '\udc00'),
  },
  { requiredKeys: ['tool', 'rawArgs'] },
)

const turn: fc.Arbitrary<Turn> = fc
  .record({
    text: fc.array(fc.string({ unit: 'binary', maxLength: 5 }), { maxLength: 3 }),
    reasoning: fc.constantFrom('', 'hm'),
    calls: fc.array(call, { maxLength: 5 }),
    finish: fc.oneof(
      { weight: 8, arbitrary: fc.constant(undefined) },
      { weight: 2, arbitrary: fc.constantFrom('length', 'content_filter', 'stop', 'odd', null) },
    ),
    error: fc.oneof(
      { weight: 8, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constant({ message: 'lost \ud800', code: 502 }) },
    ),
    broken: fc.oneof(
      { weight: 10, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.record({
          how: fc.constantFrom<Break['how']>('throws', 'ends without end', 'goes on after its end'),
          after: fc.nat(6),
        }),
      },
    ),
  })
  .map((fields) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  )

const scenario = fc.record({
  turns: fc.array(turn, { minLength: 1, maxLength: 5 }),
  cancelAt: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat(40) },
  ),
  answer: fc.constantFrom('approve', 'deny', 'deny', 'edit', 'nobody', 'throw'),
  iterate: fc.boolean(),
  maxParallel: fc.integer({ min: 1, max: 3 }),
  maxToolCalls: fc.constantFrom(3, 50),
})

/** A model that says its turns and keeps its promises as well as they say. */
function modelOf(turns: readonly Turn[]): Model & { readonly requests: readonly ModelRequest[] } {
  const inner = scripted(turns.map(({ broken: _broken, ...said }) => said))
  return {
    id: inner.id,
    provider: inner.provider,
    requests: inner.requests,
    async *stream(request, options): AsyncGenerator<ModelEvent> {
      const broken = turns[inner.requests.length]?.broken
      let sent = 0
      for await (const event of inner.stream(request, options)) {
        if (broken !== undefined && broken.how !== 'goes on after its end') {
          if (sent++ === broken.after || event.type === 'end') {
            if (broken.how === 'throws') throw new Error('the model broke')
            return
          }
        }
        yield event
      }
      if (broken !== undefined) {
        yield { type: 'tool-call', slot: 9, providerId: 'x', tool: 'works', arguments: '{}' }
        yield { type: 'text-delta', text: 'more' }
      }
    },
  }
}

/** An unknown finish word beside calls counts as a good end, as real endpoints demand. */
function isSound({ finish, error, broken }: Turn): boolean {
  const ended = broken === undefined || broken.how === 'goes on after its end'
  return ended && error === undefined && (finish === undefined || /stop|odd/.test(finish ?? ''))
}

test('every run keeps the laws, whatever models, tools, people and callers do', async () => {
  const seen: Record<string, number> = {
    completed: 0,
    cancelled: 0,
    'needs-approval': 0,
    limit: 0,
    error: 0,
    success: 0,
    'error-execution': 0,
    'error-output': 0,
    'error-parsing': 0,
    'error-security': 0,
    'denied-by-human': 0,
    skipped: 0,
    timeout: 0,
    truncated: 0,
  }
  await fc.assert(
    fc.asyncProperty(scenario, async ({ turns, cancelAt, answer, iterate, ...limits }) => {
      const executed: string[] = []
      const model = modelOf(turns)
      const journal = memoryJournal()
      const { start } = agentOf([], { model, tools: toolsOf(executed), policy, journal })
      let ticks = 0
      const run = start({
        limits,
        approve() {
          if (answer === 'throw') throw new Error('nobody is there')
          if (answer === 'nobody') return undefined
          const args = answer === 'edit' ? { args: { edited: true } } : {}
          return { action: answer, by: { subject: `ada-${ticks++}` }, ...args }
        },
      })
      const events = []
      if (iterate) {
        for await (const event of run) {
          events.push(event)
          if (ticks++ === cancelAt) run.cancel()
        }
      } else if (cancelAt !== undefined) {
        for (let tick = 0; tick < cancelAt; tick++) await Promise.resolve()
        run.cancel()
      }
      const result = await run.result()
      const recorded = await collect(run.events())
      const finished: Finished = { events: iterate ? events : recorded, recorded, result }
      const pending = new Set(result.approvals.map(({ callId }) => callId))

      expectEventOrder(finished.events, pending)
      expectOneRecord(finished)
      expectValidHistories(model.requests)
      expect(await verifyRun(journal, run.id)).toBe(result.report.head)
      expect(pending.size > 0).toBe(result.status === 'needs-approval')

      const rows = new Map(result.report.rows.map((row) => [row.callId, row]))
      expect(new Set(executed).size).toBe(executed.length)
      for (const callId of executed) {
        const { tool, decision, turn: number, attempts } = rows.get(callId)!
        expect(isSound(turns[number - 1]!)).toBe(true)
        expect(tool).not.toBe('denied')
        expect(decision!.effect === 'allow' || /approve|edit/.test(answer)).toBe(true)
        expect(attempts).toBe(1)
      }
      for (const row of rows.values()) {
        expect(row.attempts).toBe(executed.includes(row.callId) ? 1 : 0)
        if (row.status === 'success') expect(executed).toContain(row.callId)
      }
      const kinds = [result.status, ...[...rows.values()].map(({ status }) => status)]
      for (const kind of new Set(kinds)) seen[kind] = (seen[kind] ?? 0) + 1
    }),
    { numRuns: 400 },
  )
  expectCases(seen, 1)
})
