import { childController } from './base/signal.ts'
import { carryOn, recallCostsOf, type Continuation } from './carry-on.ts'
import { actingThrough, answerOf, beginAgent, isInstruction, settingsOf } from './agent-run.ts'
import { whileCarried } from './carried-runs.ts'
import { leavesDoubt, type ChildRuns } from './child-runs.ts'
import type { JudgeContext } from './gate/verdict.ts'
import type { ToolCall } from './protocol/call.ts'
import { CallBudget } from './run/call-budget.ts'
import { childRunId } from './run/child-id.ts'
import type { Delegated, Delegating, Delegation, Recall } from './run/delegation.ts'
import type { Approve, RunEnvironment } from './run/environment.ts'
import { compileOutput } from './run/output.ts'
import { asItBegan } from './run/prepare.ts'
import { unreadQueue } from './run/queue.ts'
import { Steering } from './run/run.ts'
import { Share } from './run/share.ts'
import { recallCalls, type Resolution } from './run/take-up.ts'
import { narrowedLimits, type RunResult } from './runtime-options.ts'
import type { CarryOptions, RuntimeParts, StartedRun } from './started-run.ts'
import { agentOf, type Agent } from './sub-agent.ts'
import { compileScope } from './task-scope.ts'
import { createRegistry, type ToolRegistry } from './tools/registry.ts'
import type { Tool } from './tools/tool.ts'

/** A run that calls agents. */
export interface Delegator {
  readonly parts: RuntimeParts
  readonly started: StartedRun<CarryOptions>
  readonly context: JudgeContext
  /** Present where the run goes on. */
  readonly resumed?: Resumed
}

/** What whoever resumes the first run says about all runs below. */
export interface Resumed extends Pick<Continuation, 'given'> {
  readonly tree: ChildRuns
  readonly resolutions: ReadonlyMap<string, Resolution>
  readonly takeOver: boolean
  /** Runs of which the gate has been told. */
  readonly known: Set<string>
}

/** What a run needs to call agents. */
export type DelegationFor = (
  delegator: Delegator,
) => Required<Pick<RunEnvironment, 'share' | 'delegation'>>

/** Compiles the tools of each agent once. */
export function createDelegations(): DelegationFor {
  const registries = new Map<string, Promise<ToolRegistry>>()
  const registryOf = (agent: Agent, hasAgents: boolean): Promise<ToolRegistry> => {
    const key = `${hasAgents} ${agent.name}`
    const tools = hasAgents ? agent.tools : agent.tools.filter((tool) => !agentOf(tool))
    const registry = registries.get(key) ?? createRegistry(tools)
    registries.set(key, registry)
    return registry
  }
  const delegationOf = (delegator: Delegator, share: Share): RunDelegation =>
    new RunDelegation(delegator, share, registryOf, delegationOf)
  return (delegator) => {
    const share = new Share(delegator.started.limits)
    return { share, delegation: delegationOf(delegator, share) }
  }
}

type RegistryOf = (agent: Agent, hasAgents: boolean) => Promise<ToolRegistry>
type DelegationOf = (delegator: Delegator, share: Share) => RunDelegation

/** The calls of agents in one run. */
class RunDelegation implements Delegation {
  readonly #delegator: Delegator
  readonly #share: Share
  readonly #registryOf: RegistryOf
  readonly #delegationOf: DelegationOf
  /** Runs that have gone on here. */
  readonly #carried = new Set<string>()

  constructor(
    delegator: Delegator,
    share: Share,
    registryOf: RegistryOf,
    delegationOf: DelegationOf,
  ) {
    this.#delegator = delegator
    this.#share = share
    this.#registryOf = registryOf
    this.#delegationOf = delegationOf
  }

  isAgent(tool: Tool | undefined): boolean {
    return agentOf(tool) !== undefined
  }

  leavesDoubt(callId: string, tool: Tool | undefined): boolean {
    const tree = this.#delegator.resumed?.tree
    return !this.isAgent(tool) || (tree !== undefined && leavesDoubt(tree, childRunId(callId)))
  }

  open(call: ToolCall, tool: Tool | undefined): Delegating | undefined {
    const agent = agentOf(tool)
    if (agent === undefined) return undefined
    const runId = childRunId(call.callId)
    let carried: Promise<Carried> | undefined
    return {
      runId,
      delegate: async (prompt, signal) => {
        carried = this.#carry(agent, call, prompt, signal)
        const { result, outcome } = await carried
        return outcome?.rests === undefined ? answerOf(result) : null
      },
      outcome: async () => (await carried?.catch(() => undefined))?.outcome,
    }
  }

  async #carry(
    agent: Agent,
    call: ToolCall,
    prompt: string,
    parentSignal: AbortSignal,
  ): Promise<Carried> {
    const { parts, resumed, started: above } = this.#delegator
    const controller = childController(parentSignal)
    const { signal } = controller
    const limits = narrowedLimits(above.limits, agent.limits)
    const share = new Share(limits, this.#share)
    const runId = childRunId(call.callId)
    const started: StartedRun<CarryOptions> = {
      runId,
      run: { ...settingsOf(agent), deps: above.run.deps, ...this.#approver(call) },
      queue: unreadQueue(),
      steering: new Steering(),
      limits,
      signal,
      stop: (detail) => controller.abort('stopped', detail),
    }
    try {
      const child = await this.#partsOf(agent, share.depth < limits.maxDepth)
      const context = await this.#contextOf(agent, runId, signal)
      const delegator = { parts: child, started, context, ...(resumed && { resumed }) }
      const output = agent.output && (await compileOutput(agent.output))
      const beginning = { context, output, share, delegation: this.#delegationOf(delegator, share) }
      const past = resumed?.tree.byId.get(runId)
      const result = await whileCarried(parts, runId, async () => {
        if (past === undefined) {
          return beginAgent(child, started, agent, {
            prompt,
            call,
            parentId: above.runId,
            beginning,
          })
        }
        return carryOn(child, started, {
          ...beginning,
          past,
          messages: past.start.messages,
          heard: past.start.messages.filter(isInstruction),
          takeOver: resumed!.takeOver,
          isKnown: resumed!.known.has(runId),
          revocations: [],
          approve: started.run.approve,
          resolutions: resumed!.resolutions,
          ...(resumed!.given === undefined ? {} : { given: resumed!.given }),
        })
      })
      this.#carried.add(runId)
      return { result, outcome: this.#outcomeOf(result, call, share, signal) }
    } finally {
      controller.dispose()
    }
  }

  /** The parts of a run with another model, other tools and other instructions. */
  async #partsOf(agent: Agent, hasAgents: boolean): Promise<RuntimeParts> {
    const { parts } = this.#delegator
    const { model, instructions, stopWhen, prepareTurn } = agent
    const { settings } = parts.options
    const isSame = model === undefined
    const registry = await this.#registryOf(agent, hasAgents)
    const {
      instructions: _i,
      stopWhen: _s,
      prepareTurn: _p,
      toolChoice: _t,
      ...shared
    } = parts.options
    return {
      ...parts,
      options: {
        ...shared,
        model: model ?? parts.options.model,
        ...(instructions === undefined ? {} : { instructions }),
        ...(stopWhen === undefined ? {} : { stopWhen }),
        ...(prepareTurn === undefined ? {} : { prepareTurn }),
        ...(isSame && settings !== undefined ? { settings } : {}),
      },
      model: isSame ? parts.model : await parts.costed(model),
      registry,
      offered: () => registry.specifications,
      // the first run is resumed, and goes on with this one
      snapshots: undefined,
    }
  }

  async #contextOf(agent: Agent, runId: string, signal: AbortSignal): Promise<JudgeContext> {
    const { context, parts } = this.#delegator
    const { lineage, principal, scope, session } = context
    return {
      runId,
      session,
      principal: actingThrough(agent, principal),
      scope: agent.scope && (await compileScope(agent.scope, parts.tools)),
      signal,
      lineage: {
        root: lineage?.root ?? context.runId,
        principals: [principal, ...(lineage?.principals ?? [])],
        scopes: [...(scope === undefined ? [] : [scope]), ...(lineage?.scopes ?? [])],
      },
    }
  }

  /** Whoever is asked is told how the question came about. */
  #approver(call: ToolCall): { readonly approve?: Approve } {
    const { parts, started } = this.#delegator
    const approve = started.run.approve ?? parts.options.approve
    if (approve === undefined) return {}
    return { approve: (request, options) => approve(this.#withPath(request, call), options) }
  }

  #withPath<Request extends Parameters<Approve>[0]>(request: Request, call: ToolCall): Request {
    const step = { runId: this.#delegator.started.runId, callId: call.callId, tool: call.tool }
    return { ...request, path: [step, ...(request.path ?? [])] }
  }

  #outcomeOf(
    result: RunResult,
    call: ToolCall,
    share: Share,
    signal: AbortSignal,
  ): Delegated | undefined {
    const { approvals, inDoubt, report, runId, status } = result
    // its journal has failed: nothing can be said of what is on record
    if (report.head === null) return undefined
    const child = { runId, head: report.head, status, ...share.used }
    const isDrained = this.#delegator.parts.drain.aborted && !signal.aborted
    const rests = status === 'needs-approval' || (status === 'cancelled' && isDrained)
    if (!rests && inDoubt.length === 0) return { child }
    const pending = approvals.map((request) => this.#withPath(request, call))
    return { child, rests: { pending, inDoubt } }
  }

  async recall(callId: string, tool: Tool | undefined, how: Recall): Promise<boolean> {
    const { parts, resumed, started } = this.#delegator
    const agent = agentOf(tool)
    const runId = childRunId(callId)
    const past = resumed?.tree.byId.get(runId)
    if (agent === undefined || past === undefined) return false
    const isKnown = resumed!.known.has(runId)
    const countedTo = how.isCounted || isKnown ? Infinity : parts.rested.countedTo(past)
    if (this.#carried.has(runId) || (isKnown && how.isTold)) return true
    resumed!.known.add(runId)
    const child = await this.#partsOf(agent, true)
    const context = await this.#contextOf(agent, runId, started.signal)
    // counted apart where it is told elsewhere what it has used
    const share = new Share(started.limits, how.isTold ? undefined : this.#share)
    const delegator = { parts: child, started, context, resumed: resumed! }
    const delegation = this.#delegationOf(delegator, share)
    const recalling = { context, delegation, gate: parts.gate, share, view: child.registry }
    if (countedTo < 0 || context.session === undefined) {
      parts.gate.begin(context, past.start.messages.filter(isInstruction))
    }
    const takingUp = { countedTo, isKnown, resolutions: resumed!.resolutions }
    const budget = new CallBudget(started.limits, share)
    for (const turn of past.turns) {
      if (turn.start.said !== undefined) parts.gate.begin(context, turn.start.said)
      const { at, cost, seq, usage } = turn.usage
      share.recallTurn()
      share.spend(usage, cost)
      if (seq > countedTo) {
        const dollars = cost?.source === 'unknown' ? undefined : cost?.amount
        parts.gate.spent(dollars, context, turn.turn, at)
      }
      await recallCalls(asItBegan(recalling, turn), turn, takingUp, budget)
    }
    recallCostsOf(parts, past, { context, countedTo })
    // where it goes on here later, what outlives the run has been counted
    if (!how.isTold) parts.rested.note(runId, past.status, past.length)
    return true
  }
}

interface Carried {
  readonly result: RunResult
  readonly outcome: Delegated | undefined
}
