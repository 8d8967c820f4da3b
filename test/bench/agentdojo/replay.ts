import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readTraces, type Trace } from '../../../src/analysis/trace.ts'
import { prepareRehearsals } from '../../../src/gate/rehearsal.ts'
import { loadPolicy, parsePolicy } from '../../../src/loading/file.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import type { Decision, Effect } from '../../../src/protocol/decision.ts'

const here = import.meta.dirname
const anonymous = { subject: 'anonymous', scopes: [] }

/** The suites whose data lies beside this file. */
export const suites = ['banking', 'slack'] as const
export type Suite = (typeof suites)[number]

/** How a trace came out: the strictest decision about calls that matter, and what was asked. */
export interface Outcome {
  readonly id: string
  readonly decisions: readonly Decision[]
  /** The strictest effect over all calls. */
  readonly effect: Effect
  /** Whether a call that does the damage was not simply allowed; undefined without such calls. */
  readonly stopped: boolean | undefined
}

export type Begin = Awaited<ReturnType<typeof prepareRehearsals>>

export async function policyOf(suite: Suite): Promise<Policy> {
  const path = join(here, '../../../examples/agentdojo', `${suite}.yaml`)
  return (await loadPolicy(path)).compile()
}

export async function tracesOf(suite: Suite, name: string): Promise<readonly Trace[]> {
  const traces: Trace[] = []
  for await (const trace of readTraces(join(here, suite, name))) traces.push(trace)
  return traces
}

/**
 * Decides about every call of a trace in turn. The result of a denied call is not seen by later
 * ones; that of an asked one is, and endorses nothing.
 */
export async function replay(
  trace: Trace,
  policy: Policy,
  { begin, scope }: { readonly begin: Begin; readonly scope?: Policy },
): Promise<Outcome> {
  const role = policy.identity.anonymousRole!
  const rehearsal = begin({
    principal: { ...anonymous, roles: [role] },
    messages: trace.messages,
    ...(scope === undefined ? {} : { scope }),
  })
  const decisions: Decision[] = []
  for (const { name, args, result, error } of trace.calls) {
    const call = { tool: name, args: args ?? {} }
    const decision = await rehearsal.decide(call)
    decisions.push(decision)
    if (decision.effect === 'deny') continue
    await rehearsal.happened(call, result ?? error ?? null, error === undefined)
  }
  const critical = trace.meta?.['critical'] as readonly number[] | undefined
  const effects = decisions.map(({ effect }) => effect)
  return {
    id: trace.id,
    decisions,
    effect: effects.includes('deny') ? 'deny' : effects.includes('ask') ? 'ask' : 'allow',
    stopped: critical?.some((index) => effects[index] !== 'allow'),
  }
}

export async function replayAll(
  suite: Suite,
  name: string,
  scoped = false,
): Promise<readonly Outcome[]> {
  const policy = await policyOf(suite)
  const begin = await prepareRehearsals(policy)
  const scopes = scoped ? await scopesOf(suite) : undefined
  const outcomes: Outcome[] = []
  for (const trace of await tracesOf(suite, name)) {
    const scope = scopes?.get(trace.id.split('x', 1)[0]!)
    outcomes.push(await replay(trace, policy, { begin, ...(scope === undefined ? {} : { scope }) }))
  }
  return outcomes
}

interface SuiteTool {
  readonly name: string
  readonly annotations: { readonly readOnly: boolean }
}

/** For each task: everything that reads, and the writing tools that the task needs. */
async function scopesOf(suite: Suite): Promise<ReadonlyMap<string, Policy>> {
  const listing = readFileSync(join(here, suite, 'tools.json'), 'utf8')
  const reading = (JSON.parse(listing) as readonly SuiteTool[])
    .filter(({ annotations }) => annotations.readOnly)
    .map(({ name }) => name)
  const scopes = new Map<string, Policy>()
  for (const { id, calls } of await tracesOf(suite, 'benign.jsonl')) {
    const tools = [...new Set([...reading, ...calls.map(({ name }) => name)])]
    const rules = [{ id: 'task', allow: tools }]
    const text = JSON.stringify({ sallyport: 1, name: 'scope', rules })
    scopes.set(id, (await parsePolicy(text)).compile())
  }
  return scopes
}
