import type { JsonObject } from '../../../src/base/json.ts'
import type { Approve } from '../../../src/run/environment.ts'
import type { PluginParts } from '../../../src/run/plugin.ts'
import type { RunOptions, RuntimeOptions } from '../../../src/runtime-options.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import type { ScriptedStep } from '../../../src/testing/scripted.ts'
import { agentOf, allowing, finish, policyOf, toolOf, user } from '../../support/agent.ts'
import { keyPair } from '../../support/policy-keys.ts'
import { failing, thrown, type Fixture, type Fixtures } from './fixture.ts'

const act = toolOf('act', {
  input: { type: 'object', properties: { a: { type: 'number' } }, additionalProperties: false },
})
const asking = policyOf({ rules: [{ id: 'asked', ask: ['act'], who: { roles: ['user'] } }] })

/** The codes of the rows, the events and the result of a run that calls `act` once. */
function calling(
  options: Partial<RuntimeOptions>,
  turn: ScriptedStep = { calls: [{ tool: 'act' }] },
  run: Partial<RunOptions> = {},
): Fixture {
  return async () => {
    const given = { tools: [act], policy: allowing('act'), ...options }
    const { start } = agentOf([turn, { text: '' }, { text: '' }], given)
    const { result, recorded } = await finish(start(run))
    return [
      ...result.report.rows.map(({ error }) => error?.code),
      ...recorded.map((event) => (event.type === 'error' ? event.code : undefined)),
      result.error?.code,
    ]
  }
}

function answeredBy(approve: Approve): Fixture {
  return calling({ policy: asking, approve })
}

/** What the tool does in place of its work. */
function doing(
  execute: () => unknown,
  fields: JsonObject = {},
  options: Partial<RuntimeOptions> = {},
): Fixture {
  return calling({ tools: [toolOf('act', { ...fields, execute })], ...options })
}

function pluggedIn(parts: PluginParts): Fixture {
  return calling({ plugins: [{ name: 'p', setup: () => parts }] })
}

const never = (): Promise<never> => new Promise<never>(() => undefined)
const by = { subject: 'ada' }
const askingLead = policyOf({
  rules: [{ id: 'asked', ask: ['act'], who: { roles: ['user'] }, approvers: { roles: ['lead'] } }],
})

/** What happens to calls and runs: recorded. */
export const ofRuns: Fixtures = {
  'anchor-failed': calling({
    signing: {
      key: keyPair('ops').secret,
      anchor: () => Promise.reject(new Error('the log is down')),
    },
  }),
  'bad-json': calling({}, { calls: [{ tool: 'act', rawArgs: '{' }] }),
  'bad-args': calling({}, { calls: [{ tool: 'act', args: { a: 'x' } }] }),
  'unknown-tool': calling({}, { calls: [{ tool: 'other' }] }),
  truncated: calling({}, { calls: [{ tool: 'act' }], finish: 'length' }),
  denied: calling({ policy: policyOf() }),
  'hook-denied': pluggedIn({ gateHook: () => ({ effect: 'deny' }) }),
  'approval-denied': answeredBy(() => ({ action: 'deny', by })),
  'approval-expired': async () => {
    const clock = manualClock(1_800_000_000_000)
    const late: Approve = () => {
      clock.advance(900_001)
      return { action: 'approve', by }
    }
    return calling({ policy: asking, approve: late, clock })()
  },
  'approval-invalid': answeredBy(failing),
  'approval-own': answeredBy(() => ({ action: 'approve', by: user })),
  'approval-not-entitled': calling({
    policy: askingLead,
    approve: () => ({ action: 'approve', by }),
  }),
  'approval-edit': answeredBy(() => ({ action: 'edit', by, args: { other: 1 } })),
  'approval-unknown': thrown(async () => {
    const { runtime, start } = agentOf([{ calls: [{ tool: 'act' }] }], {
      policy: asking,
      tools: [toolOf('act')],
    })
    const { runId } = await start().result()
    await runtime.resume(runId, { decisions: [{ id: 'apr_0', action: 'deny' }] }).result()
  }),
  'limit-reached': calling(
    { limits: { maxToolCalls: 1 } },
    { calls: [{ tool: 'act' }, { tool: 'act' }] },
  ),
  'repeated-call': calling(
    { limits: { maxRepeatedCalls: 1 } },
    { calls: [{ tool: 'act' }, { tool: 'act' }] },
  ),
  'tool-failed': doing(failing),
  'wrapper-failed': pluggedIn({ wrapTool: failing }),
  'tool-timeout': doing(never, { timeoutMs: 5 }),
  'bad-output': doing(() => 5, { output: { type: 'string' } }),
  'model-output': calling({}, { text: 'no JSON' }, { output: { schema: { type: 'object' } } }),
  stopped: async () => {
    const { runtime, start } = agentOf([{ text: 'hi' }])
    await runtime.stop({ principal: 'user-1' })
    return [(await start().result()).error?.code]
  },
  'session-busy': async () => {
    const { start } = agentOf([{ text: 'hi' }, { text: 'hi' }], { sessions: 'refuse' })
    const ends = ['s', 's'].map((session) => start({ session }).result())
    return (await Promise.all(ends)).map(({ error }) => error?.code)
  },
  cancelled: calling({}, { text: 'hi' }, { signal: AbortSignal.abort() }),
  'run-timeout': doing(never, {}, { limits: { runTimeoutMs: 30 } }),
}
