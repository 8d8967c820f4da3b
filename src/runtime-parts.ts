import { createTimeFormatter, type Clock } from './base/clock.ts'
import { SallyportError } from './base/errors.ts'
import { whileCarried } from './carried-runs.ts'
import { carry } from './carry.ts'
import { createAuthenticator, type Authenticator } from './gate/authenticate.ts'
import { createGate } from './gate/gate.ts'
import { fileProbe } from './gate/guards/probe.ts'
import { createProofMemory } from './gate/identity/proof-memory.ts'
import type { Costs } from './cost/costs.ts'
import type { Journal } from './journal/journal.ts'
import { keyAccess } from './loading/key-files.ts'
import { enforced } from './loading/file.ts'
import { readPolicyText } from './loading/text.ts'
import type { CostedModel } from './model/metered.ts'
import { inForce, type Policy, type PolicyInForce } from './policy/policy.ts'
import { offeredTools } from './offered-tools.ts'
import type { PreviousRuns } from './previous-runs.ts'
import type { Model } from './protocol/model.ts'
import type { OutputFacts } from './protocol/facts.ts'
import { keepMessageBy } from './run/kept.ts'
import { KeyedQueue } from './run/keyed-queue.ts'
import type { Plugins } from './run/plugins.ts'
import { RestedRuns } from './rested-runs.ts'
import type { ResumeOptions } from './resume-options.ts'
import type { RunLimits } from './run/stop.ts'
import { Stops, type StopRequest } from './run/stops.ts'
import type { RunResult, RuntimeOptions } from './runtime-options.ts'
import { agentOf, withToolsOfAgents } from './sub-agent.ts'
import { SessionTurns } from './session-turns.ts'
import type { Signing } from './signing.ts'
import type { Snapshot, Snapshots } from './snapshot.ts'
import type { RuntimeParts, StartedRun } from './started-run.ts'
import { createRegistry } from './tools/registry.ts'
import type { Tool } from './tools/tool.ts'

/** What a runtime knows before its first run; all of it has been checked. */
export interface RuntimeSetup {
  readonly options: RuntimeOptions
  readonly limits: RunLimits
  readonly clock: Clock
  readonly journal: Journal
  readonly tools: readonly Tool[]
  /** Held against the tools, or what tells the one in force; undefined where that is to come. */
  readonly policy: PolicyInForce | undefined
  /** Aborts when the runtime is closed. */
  readonly drain: AbortSignal
}

/** How runs are begun, and carried on. */
export interface Carry {
  run(started: StartedRun): Promise<RunResult>
  /** Stops what is at work; returns what lifts a stop that stands. */
  stop(request: StopRequest): () => void
  /** What has failed in plugins. */
  faults(): Readonly<Record<string, number>>
  /** Ends the plugins. */
  dispose(): Promise<void>
  /** What a snapshot says; rejects where it does not count. */
  admit(snapshot: string): Promise<Snapshot>
  /** With a snapshot, only from where it points to. */
  resume(started: StartedRun<ResumeOptions>, snapshot?: Snapshot): Promise<RunResult>
}

/** Stands in for a policy that was not given: anybody may talk, nothing may run. */
const noPolicy = `sallyport: 1
name: no-policy
description: Stands in for the policy that was not given.
identity: { anonymous: role, anonymousRole: anonymous }
roles: { anonymous: {} }
rules: []
`

/** Compiles the tools and builds what judges them. Rejects with `bad-tool` or `bad-schema`. */
export async function assembleRuntime(setup: RuntimeSetup): Promise<Carry> {
  const plugins = await pluginsOf(setup)
  try {
    return await assemble(setup, plugins)
  } catch (error) {
    await plugins?.dispose()
    throw error
  }
}

async function assemble(setup: RuntimeSetup, plugins: Plugins | undefined): Promise<Carry> {
  const { options, limits, clock, journal } = setup
  const { allowShadow } = options
  const given = (await plugins?.tools(setup.tools)) ?? setup.tools
  const tools = withToolsOfAgents(given)
  const policy = policyOver(tools, setup)
  const current = inForce(policy)
  const told = new Set(given.filter((tool) => !setup.tools.includes(tool)).map(({ name }) => name))
  const toolbox = await createRegistry(tools)
  const registry = tools === given ? toolbox : await createRegistry(given)
  const { model, costs } = await costedModel(options)
  const stops = new Stops()
  const parts: RuntimeParts = {
    options,
    model,
    costs,
    costed: (other) => costedBy(other, costs),
    clock,
    format: createTimeFormatter(),
    journal,
    policy: current,
    registry,
    toolbox,
    tools,
    history: await historyOf(setup, current, { registry, toolbox }),
    delegationFor: await delegationsFor(tools),
    sessions: new SessionTurns(options.sessions ?? 'queue'),
    stops,
    drain: setup.drain,
    plugins,
    offered: () => offeredTools(registry, told, current()),
    gate: createGate({
      stopped: (tool, context) => stops.refusal(tool, context),
      counters: await journal.counters?.(),
      policy,
      registry: toolbox,
      clock,
      arguments: { maxLength: limits.maxArgumentLength },
      probe: fileProbe,
      hooks: plugins?.hooks,
      secrets: options.secrets ?? [],
      ...(allowShadow === undefined ? {} : { allowShadow }),
    }),
    authenticator: authenticators(options, clock),
    keys: new KeyedQueue(),
    rested: new RestedRuns(),
    snapshots: await snapshotsOf(options, clock),
    signing: await signingBy(options, journal, clock),
    previousRuns: await previousRunsIn(journal),
  }
  return {
    run: (started) =>
      stoppable(stops, started, () =>
        whileCarried(parts, started.runId, () => carry(parts, started)),
      ),
    stop: (request) => stops.stop(request),
    faults: () => plugins?.faults() ?? {},
    dispose: async () => plugins?.dispose(),
    async admit(snapshot) {
      if (parts.snapshots !== undefined) return parts.snapshots.read(snapshot)
      throw new SallyportError('bad-option', 'this runtime has no `signing` to know snapshots by', {
        help: 'give it the `signing` that made the snapshot, or resume by the id of the run',
      })
    },
    resume: (started, snapshot) =>
      stoppable(stops, started, async () =>
        (await import('./resume.ts')).resume(parts, started, snapshot),
      ),
  }
}

async function pluginsOf({ options, clock }: RuntimeSetup): Promise<Plugins | undefined> {
  const { log, plugins = [] } = options
  if (plugins.length === 0) return undefined
  const { setUpPlugins } = await import('./run/plugins.ts')
  return setUpPlugins(plugins, { clock, log })
}

async function delegationsFor(tools: readonly Tool[]): Promise<RuntimeParts['delegationFor']> {
  if (!tools.some((tool) => agentOf(tool) !== undefined)) return undefined
  return (await import('./delegation.ts')).createDelegations()
}

function policyOver(
  tools: readonly Tool[],
  { options: { allowShadow, policy: loaded }, policy }: RuntimeSetup,
): PolicyInForce {
  if (policy !== undefined) return policy
  if (loaded !== undefined) return enforced(loaded, tools, allowShadow)
  return readPolicyText(noPolicy, 'no policy').compile(tools)
}

/** From the beginning, before it is known whose run it is. */
async function stoppable(
  stops: Stops,
  { runId, stop }: Pick<StartedRun, 'runId' | 'stop'>,
  work: () => Promise<RunResult>,
): Promise<RunResult> {
  const leave = stops.enter({ runId, principal: null }, stop)
  try {
    return await work()
  } finally {
    leave()
  }
}

async function snapshotsOf(
  { signing }: RuntimeOptions,
  clock: Clock,
): Promise<Snapshots | undefined> {
  if (signing === undefined) return undefined
  const { Snapshots: Opened } = await import('./snapshot.ts')
  return Opened.open(signing, clock)
}

async function signingBy(
  options: RuntimeOptions,
  journal: Journal,
  clock: Clock,
): Promise<Signing | undefined> {
  if (options.signing === undefined) return undefined
  const { openSigning } = await import('./signing.ts')
  return openSigning(options.signing, journal, clock)
}

async function previousRunsIn(journal: Journal): Promise<PreviousRuns | undefined> {
  if (journal.latestRuns === undefined) return undefined
  const { PreviousRuns: Opened } = await import('./previous-runs.ts')
  return new Opened({
    append: journal.append.bind(journal),
    latestRuns: journal.latestRuns.bind(journal),
  })
}

async function historyOf(
  { clock, journal, options: { history, sessions: mode = 'queue' } }: RuntimeSetup,
  policy: () => Policy,
  { registry, toolbox }: Pick<RuntimeParts, 'registry' | 'toolbox'>,
): Promise<RuntimeParts['history']> {
  if (history === undefined) return undefined
  const { SessionHistory: Opened } = await import('./session-history.ts')
  const { callsBelow } = await import('./calls-below.ts')
  return new Opened(history, {
    mode,
    isAgent: (name) => {
      const tool = toolbox.get(name)
      return tool && agentOf(tool) !== undefined
    },
    callsBelow: (run) => callsBelow(journal, run),
    keep: keepMessageBy(policy, registry),
    labelsOf: (tool) => labelsOf(policy(), tool),
    now: () => new Date(clock.now()).toISOString(),
  })
}

/** What each layer of a policy says of the results of a tool. */
function labelsOf({ layers }: Policy, tool: string): readonly OutputFacts[] {
  return layers.map((layer) => {
    const { fields, output } = layer.factsOf(tool)
    return { ...(output && { output }), ...(fields && { fields }) }
  })
}

/** The model as runs ask it, and who counts what it costs. */
async function costedModel({
  model,
  costs,
}: RuntimeOptions): Promise<Pick<RuntimeParts, 'model' | 'costs'>> {
  const all = costs ?? (model as Partial<CostedModel>).costs
  return { model: await costedBy(model, all), costs: all }
}

async function costedBy(model: Model, costs: Costs | undefined): Promise<Model> {
  if (costs === undefined || costs === (model as Partial<CostedModel>).costs) return model
  const { metered } = await import('./model/metered.ts')
  return metered(model, costs)
}

/** What authenticates under a policy; it is kept as long as the policy says the same of callers. */
function authenticators(
  { authenticator, policy: loaded }: RuntimeOptions,
  clock: Clock,
): (policy: Policy) => Authenticator {
  const proofs = createProofMemory()
  let known: { readonly identity: string; readonly authenticator: Authenticator } | undefined
  return ({ identity }) => {
    const text = JSON.stringify(identity)
    if (known?.identity === text) return known.authenticator
    const made = createAuthenticator(identity, {
      clock,
      proofs,
      ...keyAccess(loaded?.path),
      ...(authenticator === undefined ? {} : { authenticator }),
    })
    known = { identity: text, authenticator: made }
    return made
  }
}
