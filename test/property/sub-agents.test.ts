import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/base/json.ts'
import type { Model } from '../../src/protocol/model.ts'
import type { Principal } from '../../src/protocol/principal.ts'
import type { ScopePart } from '../../src/protocol/run-event.ts'
import { createRuntime } from '../../src/runtime.ts'
import { agentTool } from '../../src/sub-agent.ts'
import type { ScriptedCall } from '../../src/testing/turn.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { policyOf, toolOf } from '../support/agent.ts'
import { expectCases } from '../support/tally.ts'
import { answering, asking, resultsIn } from '../support/agent-tree.ts'

const names = ['read', 'send', 'drop'] as const
const agentNames = ['one', 'two', 'three'] as const
/** Mostly all of them. */
const some = (items: readonly string[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant([...items]) }, fc.subarray([...items]))

/** Whom a rule is for; often the agent alone that makes the calls. */
const who = fc.oneof(
  fc.constant<JsonObject>({ agents: ['one'] }),
  fc.record<JsonObject>(
    {
      roles: fc.subarray(['user', 'lead', 'guest'], { minLength: 1 }),
      scopes: fc.subarray(['a', 'b'], { minLength: 1 }),
      agents: fc.subarray(['desk', ...agentNames], { minLength: 1 }),
    },
    { requiredKeys: [] },
  ),
)

const rule = fc.record({
  effect: fc.constantFrom('allow', 'allow', 'allow', 'allow', 'ask', 'deny'),
  tools: fc.subarray([...names], { minLength: 1 }),
  who: fc.option(who, { nil: undefined, freq: 2 }),
  amount: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 2 }),
})

const limit = fc.record({
  per: fc.constantFrom('session', 'agent', 'subject'),
  tools: fc.subarray([...names], { minLength: 1 }),
  max: fc.integer({ min: 1, max: 2 }),
  who: fc.option(who, { nil: undefined }),
})

const principal = fc.record({
  subject: fc.constant('user-1'),
  roles: some(['user', 'lead', 'guest']),
  scopes: some(['a', 'b']),
  agent: fc.constantFrom('desk', 'two'),
})

const scope = fc.option(fc.record({ tools: fc.subarray([...names], { minLength: 1 }) }), {
  nil: undefined,
  freq: 2,
})

const agent = fc.record(
  { roles: some(['user', 'lead', 'guest']), scopes: some(['a', 'b']), scope },
  { requiredKeys: [] },
)

const everything = { effect: 'allow', tools: [...names], who: undefined, amount: undefined }

interface World {
  readonly rules: readonly JsonObject[]
  readonly limits: readonly JsonObject[]
  readonly caller: Principal
  readonly task: ScopePart | undefined
}

const world: fc.Arbitrary<World> = fc
  .record({
    rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
    limits: fc.array(limit, { maxLength: 2 }),
    open: fc.boolean(),
    caller: principal,
    task: scope,
  })
  .map(({ rules, limits, open, caller, task }) => ({
    rules: [...rules, ...(open ? [everything] : [])].map(
      ({ amount, effect, tools, who: whom }, index) => ({
        id: `r${index}`,
        [effect]: tools,
        ...(whom === undefined || Object.keys(whom).length === 0 ? {} : { who: whom }),
        ...(amount === undefined ? {} : { args: { n: { type: 'number', maximum: amount } } }),
      }),
    ) as readonly JsonObject[],
    limits: limits.map(({ who: whom, ...fields }, index) => ({
      id: `l${index}`,
      over: 'deny',
      ...fields,
      ...(whom === undefined || Object.keys(whom).length === 0 ? {} : { who: whom }),
    })) as readonly JsonObject[],
    caller,
    task,
  }))

/** A model that passes its task on. */
function passing(name: string): Model {
  return answering((request) =>
    resultsIn(request) === 0 ? { calls: [asking(name)] } : { text: 'done' },
  )
}

/** Which of the calls ran, of the run itself or of the last of the agents below it. */
async function executed(
  { caller, limits, rules, task }: World,
  calls: readonly ScriptedCall[],
  agents: readonly object[],
): Promise<readonly string[]> {
  const ran: string[] = []
  const tools = names.map((name) =>
    toolOf(name, { execute: (args) => void ran.push(JSON.stringify([name, args])) }),
  )
  const working = answering((request) => (resultsIn(request) === 0 ? { calls } : { text: 'done' }))
  let [given, model] = [tools as readonly Tool[], working]
  for (const [index, fields] of agents.entries()) {
    const name = agentNames[index]!
    const made = agentTool({ name, description: '', ...fields, tools: given, model })
    ;[given, model] = [[made], passing(name)]
  }
  const free = { id: 'free', allow: agents.map((_, index) => agentNames[index]!) }
  const policy = policyOf({
    rules: agents.length === 0 ? [...rules] : [...rules, free],
    limits: [...limits],
  })
  const runtime = createRuntime({
    model,
    tools: given,
    policy,
    authenticator: (auth) => auth as Principal,
    approve: () => ({ action: 'approve', by: { subject: 'boss', roles: ['lead'] } }),
  })
  const needed = task && { tools: [...task.tools, ...agents.map((_, index) => agentNames[index]!)] }
  await runtime
    .run({
      input: 'go',
      auth: { custom: caller },
      ...(needed === undefined ? {} : { scope: needed }),
    })
    .result()
  return ran
}

const call = fc.record({
  tool: fc.constantFrom(...names),
  args: fc.record({ n: fc.nat({ max: 4 }) }),
})

describe('an agent', () => {
  test('executes nothing that whoever calls it could not have, at any depth', async () => {
    const seen = { all: 0, some: 0, none: 0, 'ran at depth 3': 0 }
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.uniqueArray(call, {
          minLength: 1,
          maxLength: 3,
          selector: (each) => JSON.stringify(each),
        }),
        fc.oneof(
          fc.array(agent, { minLength: 1, maxLength: 2 }),
          fc.array(agent, { minLength: 3, maxLength: 3 }),
        ),
        async (given, calls, agents) => {
          const below = await executed(given, calls, agents)
          seen[below.length === 0 ? 'none' : below.length < calls.length ? 'some' : 'all']++
          if (below.length > 0 && agents.length === 3) seen['ran at depth 3']++
          const ran = calls.filter(({ args, tool }) => below.includes(JSON.stringify([tool, args])))
          const above = ran.length === 0 ? [] : await executed(given, ran, [])
          expect(above.toSorted()).toEqual(below.toSorted())
        },
      ),
      { numRuns: 400 },
    )
    expectCases(seen, 1)
  })
})
