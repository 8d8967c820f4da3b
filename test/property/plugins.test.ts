import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/base/json.ts'
import { prepareRehearsals } from '../../src/gate/rehearsal.ts'
import type { GateHook } from '../../src/gate/hooks.ts'
import type { ApprovalAnswer, ApprovalRequest } from '../../src/gate/verdict.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../src/loading/file.ts'
import type { ModelEvent } from '../../src/protocol/event.ts'
import type { Plugin, PluginParts } from '../../src/run/plugin.ts'
import type { ModelWrapper } from '../../src/run/plugin-model.ts'
import { createGate } from '../../src/standalone-gate.ts'
import { defineTool, type Tool } from '../../src/tools/tool.ts'
import type { ToolWrapper } from '../../src/tools/wrap.ts'
import { agentOf, policyOf, user } from '../support/agent.ts'
import { expectCases } from '../support/tally.ts'

const names = ['read', 'write', 'send'] as const
const who = { roles: ['user'] }

interface Executed {
  readonly callId: string
  readonly tool: string
  readonly args: JsonObject
}

/** Tools that note what runs, in a list all of them share. */
function notingTools(executed: Executed[]): readonly Tool[] {
  return names.map((name) =>
    defineTool<JsonObject>({
      name,
      description: '',
      input: { type: 'object', properties: { a: { type: 'integer' } } },
      timeoutMs: 25,
      editable: ['/a'],
      execute(args, { callId }) {
        executed.push({ callId, tool: name, args: structuredClone(args) })
        return 'done'
      },
    }),
  )
}

/** Tries to change everything that can be reached. */
function vandalise(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > 6) return
  for (const key of Reflect.ownKeys(value)) {
    vandalise(Reflect.get(value, key), depth + 1)
    Reflect.set(value, key, 'allow')
    Reflect.deleteProperty(value, key)
  }
  Reflect.set(value, 'effect', 'allow')
  Reflect.set(value, 'tool', 'send')
  Reflect.setPrototypeOf(value, null)
}

const nonsense: readonly unknown[] = [
  undefined,
  null,
  true,
  'allow',
  10n,
  Symbol('s'),
  [],
  { effect: 'permit' },
  { effect: { toString: () => 'allow' } },
  () => ({ effect: 'allow' }),
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('trap')
      },
    },
  ),
]

function fail(): never {
  throw new Error('out of order')
}

const never = (): Promise<never> => new Promise<never>(() => undefined)

const deny: GateHook = () => ({ effect: 'deny' })
const reject: GateHook = () => Promise.reject(new Error('out of order'))
const senseless = nonsense.map(
  (value): GateHook =>
    () =>
      value as never,
)

/** Under any of these nothing runs. */
const refusing: ReadonlySet<GateHook | undefined> = new Set([
  deny,
  fail,
  never,
  reject,
  ...senseless,
])

const hooks: readonly GateHook[] = [
  () => ({ effect: 'allow' }),
  () => ({ effect: 'ask' }),
  async () => ({ effect: 'allow' }),
  ({ args }) => ({ effect: args['a'] === 1 ? 'ask' : 'allow' }),
  (call, decision, options) => {
    vandalise([call, decision, options])
    return { effect: 'allow' }
  },
  deny,
  fail,
  never,
  reject,
]

const observers: readonly NonNullable<PluginParts['onEvent']>[] = [
  () => undefined,
  (event) => vandalise(event),
  fail,
  never,
  () => Promise.reject(new Error('out of order')),
]

const toolWrappers: readonly ToolWrapper[] = [
  (_, next) => next(),
  fail,
  never,
  () => 'in place of it',
  async (_, next) => [await next(), await next()],
  (_, next) => Promise.allSettled([next(), next(), next()]),
  (_, next) => {
    void next()
    return 'early'
  },
  (_, next) => {
    setTimeout(() => void next().catch(() => undefined), 1)
    return 'late'
  },
  async (_, next) => {
    await next()
    return fail()
  },
  async (call, next) => {
    vandalise(call)
    return (next as (args: unknown) => unknown)({ a: 99 })
  },
  (_, next) => next().then(never),
]

const forged: readonly ModelEvent[] = [
  { type: 'tool-call-start', slot: 7, providerId: 'forged', tool: 'send' },
  { type: 'tool-call', slot: 7, providerId: 'forged', tool: 'send', arguments: '{"a":2}' },
]

const modelWrappers: readonly ModelWrapper[] = [
  (request, next) => next(request),
  fail,
  () => 5 as never,
  async function* (request, next) {
    yield* forged
    yield* next(request)
  },
  async function* (request, next) {
    yield* next(request)
    yield* next(request)
  },
  async function* (request, next, options) {
    vandalise([request, options])
    for await (const event of next(request)) {
      if (event.type !== 'end') yield event
    }
  },
  async function* (request, next) {
    for await (const event of next(request)) {
      if (event.type === 'end') yield* forged
      yield event
    }
    yield* forged
  },
  async function* () {
    for (const event of nonsense) yield event as never
  },
]

// most are harmless, so that much runs which others could spoil
const hook = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom<GateHook>(async () => ({ effect: 'allow' })) },
  { weight: 3, arbitrary: fc.constantFrom(...hooks) },
  { weight: 1, arbitrary: fc.constantFrom(...senseless) },
)
const toolWrapper = fc.oneof(
  { weight: 8, arbitrary: fc.constant<ToolWrapper>((_, next) => next()) },
  { weight: 4, arbitrary: fc.constantFrom(...toolWrappers) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...nonsense).map(
      (value): ToolWrapper =>
        () =>
          value,
    ),
  },
)
const modelWrapper = fc.oneof(
  { weight: 6, arbitrary: fc.constant<ModelWrapper>((request, next) => next(request)) },
  { weight: 2, arbitrary: fc.constantFrom(...modelWrappers) },
)

const parts: fc.Arbitrary<PluginParts> = fc.record(
  {
    onEvent: fc.constantFrom(...observers),
    wrapModel: modelWrapper,
    wrapTool: toolWrapper,
    gateHook: hook,
  },
  { requiredKeys: [] },
)

function pluginsOf(all: readonly PluginParts[]): readonly Plugin[] {
  return all.map((part, at) => ({ name: `p${at}`, setup: () => ({ hookTimeoutMs: 5, ...part }) }))
}

const rule = fc.record({
  effect: fc.constantFrom('allow', 'allow', 'ask', 'deny'),
  tools: fc.constantFrom(['**'], ['read', 'write'], ['read'], ['send']),
  below: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
})

const open = fc.constantFrom(
  { effect: 'allow', tools: ['**'], below: undefined },
  { effect: 'ask', tools: ['**'], below: undefined },
)

const policies = fc
  .oneof(
    fc.array(rule, { minLength: 1, maxLength: 4 }),
    fc.tuple(open, fc.array(rule, { maxLength: 1 })).map(([first, more]) => [first, ...more]),
  )
  .map((rules) =>
    policyOf({
      rules: rules.map(({ below, effect, tools }, at) => ({
        id: `r${at}`,
        [effect]: tools,
        who,
        ...(below === undefined ? {} : { args: { a: { type: 'integer', maximum: below } } }),
      })),
    } as never),
  )

const call = fc.record({
  tool: fc.constantFrom(...names, 'unknown'),
  args: fc.oneof(
    { weight: 6, arbitrary: fc.record({ a: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 1, arbitrary: fc.constantFrom({}, { a: 'no integer' }) },
  ),
})

/** A person who says yes to some calls, and edits others. */
function approve({ args }: ApprovalRequest): ApprovalAnswer | undefined {
  const by = { subject: 'ada' }
  switch ((args as JsonObject)['a']) {
    case 1:
      return { action: 'approve', by }
    case 2:
      return { action: 'edit', by, args: { a: 0 } }
    case 3:
      return { action: 'deny', by }
    default:
      return undefined
  }
}

/** Each was allowed by the policy alone, or asked about and may have been approved; none ran twice. */
async function expectPermitted(
  executed: readonly Executed[],
  policy: LoadedPolicy,
  tools: readonly Tool[],
  isApproved: (args: JsonObject) => boolean,
): Promise<void> {
  const rehearse = await prepareRehearsals(policy.compile(tools), { tools })
  for (const { args, tool } of executed) {
    const decision = await rehearse({ principal: user }).decide({ tool, args })
    expect(decision.effect).not.toBe('deny')
    if (decision.effect === 'ask') expect(isApproved(args)).toBe(true)
  }
  const ids = executed.map(({ callId }) => callId)
  expect(new Set(ids).size).toBe(ids.length)
}

/** Late starts would show by now. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

describe('no plugin turns a refusal into an execution', () => {
  test('S2-62: in runs and in runs that are taken up', async () => {
    const seen = {
      executed: 0,
      refused: 0,
      approved: 0,
      edited: 0,
      'taken up': 0,
      'executed then': 0,
    }
    await fc.assert(
      fc.asyncProperty(
        policies,
        fc.array(parts, { minLength: 1, maxLength: 3 }),
        fc.array(fc.array(call, { maxLength: 4 }), { minLength: 1, maxLength: 2 }),
        async (policy, all, turns) => {
          const executed: Executed[] = []
          const tools = notingTools(executed)
          const journal = memoryJournal()
          const setting = { journal, policy, tools, log: () => undefined }
          const script = [
            ...turns.map((calls) => ({ calls, text: 'so' })),
            { text: 'ok' },
            { text: '' },
          ]
          const limits = { maxTurns: 4, runTimeoutMs: 500 }
          const first = agentOf(script, { ...setting, limits, plugins: pluginsOf(all) })
          const { approvals, report, runId, status } = await first.start({ approve }).result()
          const before = executed.length
          if (status === 'needs-approval') {
            seen['taken up']++
            const later = agentOf(script, { ...setting, plugins: pluginsOf(all.toReversed()) })
            const decisions = approvals.map(({ id }) => ({ id, action: 'approve' }) as const)
            await later.runtime.resume(runId, { decisions }).result()
            await later.runtime.close()
          }
          await first.runtime.close()
          await settled()
          if (executed.length > 0) seen.executed++
          if (executed.length > before) seen['executed then']++
          if (report.rows.some(({ decision }) => decision?.effect === 'deny')) seen.refused++
          const answers = report.rows.flatMap((row) => row.approvals.flatMap((one) => one.answers))
          if (answers.some(({ action }) => action === 'approve')) seen.approved++
          if (answers.some(({ action }) => action === 'edit')) seen.edited++
          if (all.some(({ gateHook }) => refusing.has(gateHook))) expect(executed).toEqual([])
          await expectPermitted(executed, policy, tools, ({ a }) => a !== 3 && a !== 2)
        },
      ),
      { numRuns: 300 },
    )
    // the property is about something
    expectCases(seen, 1)
  }, 120_000)

  test('S2-39: in front of a loop of another program', async () => {
    const seen = { run: 0, ask: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(
        policies,
        fc.array(fc.record({ onEvent: fc.constantFrom(...observers), gateHook: hook }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.array(call, { minLength: 1, maxLength: 4 }),
        async (policy, all, calls) => {
          const executed: Executed[] = []
          const tools = notingTools(executed)
          const offered = names.map((name) => ({
            name,
            inputSchema: { type: 'object', properties: { a: { type: 'integer' } } },
          }))
          await using gate = await createGate(policy, {
            tools: offered,
            plugins: pluginsOf(all),
            log: () => undefined,
          })
          const judged = await Promise.all(calls.map((one) => gate.judge(one, user, 's')))
          for (const [at, one] of judged.entries()) {
            if (one.outcome !== 'run') continue
            executed.push({ callId: one.callId, tool: calls[at]!.tool, args: one.args })
            await gate.settle(one.callId, { result: 'done' })
          }
          for (const outcome of new Set(judged.map((one) => one.outcome))) seen[outcome]++
          if (all.some(({ gateHook }) => refusing.has(gateHook))) expect(executed).toEqual([])
          await expectPermitted(executed, policy, tools, () => false)
        },
      ),
      { numRuns: 150 },
    )
    expectCases(seen, 1)
  }, 120_000)

  test('and limits hold, whatever wrappers and hooks do', async () => {
    const seen = { full: 0, 'not full': 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.array(parts, { minLength: 1, maxLength: 3 }),
        fc.array(call, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 1, max: 2 }),
        async (all, calls, max) => {
          const executed: Executed[] = []
          const policy = policyOf({
            rules: [{ id: 'all', allow: ['**'], who }],
            limits: [{ id: 'few', tools: ['**'], per: 'session', max, over: 'deny' }],
          })
          const setting = { policy, tools: notingTools(executed), log: () => undefined }
          const script = [{ calls }, { text: 'ok' }, { text: '' }]
          const limits = { maxTurns: 3, runTimeoutMs: 500 }
          const { runtime, start } = agentOf(script, {
            ...setting,
            limits,
            plugins: pluginsOf(all),
          })
          await start().result()
          await runtime.close()
          await settled()
          expect(executed.length).toBeLessThanOrEqual(max)
          seen[executed.length < max ? 'not full' : 'full']++
        },
      ),
      { numRuns: 100 },
    )
    expectCases(seen, 1)
  }, 120_000)
})
