import { createTimeFormatter, systemClock, type Clock } from './base/clock.ts'
import { SallyportError } from './base/errors.ts'
import { canonicalJson } from './base/digest.ts'
import type { JsonObject } from './base/json.ts'
import { checkOptions } from './base/options.ts'
import { ownAnswer } from './gate/answer.ts'
import { createGate as createInnerGate } from './gate/gate.ts'
import { fileProbe } from './gate/guards/probe.ts'
import type { ApprovalAnswer, ApprovalRequest } from './gate/verdict.ts'
import type { Journal } from './journal/journal.ts'
import { memoryJournal } from './journal/memory.ts'
import { enforced, type LoadedPolicy } from './loading/file.ts'
import type { CallStatus } from './protocol/call.ts'
import { inForce } from './policy/policy.ts'
import type { Decision } from './protocol/decision.ts'
import type { Message } from './protocol/message.ts'
import {
  arePlugins,
  checkGiven,
  isArrayOf,
  isClock,
  isFlag,
  isFunction,
  isJournal,
  isLoadedPolicy,
  isText,
  isToolLike,
  type OptionCheck,
} from './protocol/option-checks.ts'
import type { Principal } from './protocol/principal.ts'
import type { Report } from './report/report.ts'
import type { Plugin } from './run/plugin.ts'
import { pluginsOfGate } from './standalone-plugins.ts'
import { GateRun, type GateRunParts } from './standalone-run.ts'
import { createRegistry } from './tools/registry.ts'
import { readCall, readHeard, readOutcome, readPrincipal, readSession } from './standalone-input.ts'
import { gatedTools, type GatedTool } from './standalone-tools.ts'
import type { ToolLog } from './tools/tool.ts'

export interface StandaloneGateOptions {
  readonly tools: readonly GatedTool[]
  /** Where everything is recorded. Default: in memory. */
  readonly journal?: Journal
  /** The host accepts that a policy in shadow mode does not block. Default false. */
  readonly allowShadow?: boolean
  /**
   * Values that only the host knows to be secret: what policies say about `secrets` finds them too,
   * also in base64, hex and percent-encoding. Those under 6 characters are not looked for.
   */
  readonly secrets?: readonly string[]
  /** Observers and gate hooks; one with wrappers or tools is refused as `bad-plugin`. */
  readonly plugins?: readonly Plugin[]
  readonly clock?: Clock
  /** Told what fails in plugins. Default: a warning of the process. */
  readonly log?: ToolLog
}

const gateChecks: Readonly<Record<keyof StandaloneGateOptions, OptionCheck>> = {
  tools: isArrayOf('tools', isToolLike),
  journal: isJournal,
  allowShadow: isFlag,
  secrets: isArrayOf('texts', isText),
  plugins: arePlugins,
  clock: isClock,
  log: isFunction,
}

/** A call as a model proposed it. */
export interface ProposedCall {
  readonly tool: string
  /** The argument text as the model sent it, or arguments that somebody has parsed already. */
  readonly args: unknown
  /** The id the provider gave it, for the record: calls of the same id are told apart. */
  readonly id?: string | undefined
}

/** What may be done with a call now. */
export type Judged = { readonly callId: string; readonly decision: Decision | undefined } & (
  | {
      readonly outcome: 'run'
      /** Frozen; what may be executed, and nothing else. `settle` has to follow. */
      readonly args: JsonObject
    }
  | { readonly outcome: 'ask'; readonly request: ApprovalRequest }
  | {
      readonly outcome: 'refused'
      readonly status: CallStatus
      /** For the model. */
      readonly content: string
    }
)

/** What came of a call that was carried out. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown }

export interface Settled {
  readonly status: CallStatus
  /** For the model: cut, stripped and redacted as the policy says. */
  readonly content: string
}

/**
 * The gate for programs with a loop of their own. Each call passes the path that runs use: found,
 * parsed, validated, decided, limited, if need be approved, recorded before it runs and after.
 */
export interface StandaloneGate {
  /**
   * Tells what a session has heard, such as a message of its user, which is a trusted source of
   * data flow. Begins a new run in the record and ends the one before like `end`; resolves when that
   * is complete.
   */
  hear(messages: readonly Message[], principal: Principal | null, session: string): Promise<void>
  /**
   * By the rights of this principal; another one, or other rights, make another run. This and all
   * others reject with `bad-option` for what is no call, principal, session, message or outcome.
   */
  judge(call: ProposedCall, principal: Principal | null, session: string): Promise<Judged>
  /**
   * Answers a question; resolves with what may be done now. Rejects with what is wrong with the
   * answer: `approval-unknown`, `-own`, `-not-entitled`, `-edit` or `-invalid`, or `bad-args`.
   */
  answer(approvalId: string, answer: ApprovalAnswer): Promise<Judged>
  /**
   * Has to follow each call that may run. Rejects with `bad-option` for a call that may not, and
   * with `bad-journal` where it is not certain that what came out is on record.
   */
  settle(callId: string, outcome: Outcome): Promise<Settled>
  /** Ends the run under way when its calls are settled, and makes its report. The session stays. */
  end(principal: Principal | null, session: string): Promise<Report>
  /**
   * Ends all runs under way and disposes of the plugins; the journal stays open. What comes after it
   * rejects with `runtime-closed`.
   */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a gate. Rejects with `bad-policy` where policy and tools do not fit, `bad-tool` and
 * `bad-schema` for tools that are not usable, `bad-option` for other mistakes.
 *
 * @example
 * ```ts
 * const gate = await createGate(await loadPolicy('desk.yaml'), { tools })
 * const judged = await gate.judge({ tool: 'refund', args: '{"order":"O-7"}' }, principal, 'chat-1')
 * if (judged.outcome === 'run') {
 *   const result = await refund(judged.args)
 *   const { content } = await gate.settle(judged.callId, { result })
 * }
 * ```
 */
export async function createGate(
  policy: LoadedPolicy,
  options: StandaloneGateOptions,
): Promise<StandaloneGate> {
  isLoadedPolicy('policy', policy)
  checkOptions('createGate', options, Object.keys(gateChecks))
  gateChecks.tools('tools', options.tools)
  checkGiven(options, gateChecks)
  const { journal = memoryJournal(), allowShadow = false, secrets = [] } = options
  const { clock = systemClock } = options
  const runs = new Map<string, GateRun>()
  const tools = gatedTools(options.tools, runs)
  const held = enforced(policy, tools, allowShadow)
  const registry = await createRegistry(tools)
  const plugins = await pluginsOfGate(options, clock)
  const gate = createInnerGate({
    policy: held,
    registry,
    clock,
    counters: await journal.counters?.(),
    allowShadow,
    probe: fileProbe,
    secrets,
    hooks: plugins?.hooks,
  })
  const parts = { gate, registry, journal, clock, policy: inForce(held), plugins }
  return new Standalone({ ...parts, format: createTimeFormatter() }, runs)
}

/** One run for what follows each user message of a session, as in runs with a model. */
class Standalone implements StandaloneGate {
  readonly #parts: GateRunParts
  /** By run id, as long as calls of the run are open. */
  readonly #runs: Map<string, GateRun>
  readonly #current = new Map<string, GateRun>()
  #isClosed = false

  constructor(parts: GateRunParts, runs: Map<string, GateRun>) {
    this.#parts = parts
    this.#runs = runs
  }

  async hear(
    messages: readonly Message[],
    principal: Principal | null,
    session: string,
  ): Promise<void> {
    const caller = readPrincipal(principal)
    readSession(session)
    const heard = readHeard(messages)
    const before = this.#current.get(keyOf(caller, session))
    this.#begin(heard, caller, session)
    if (before !== undefined) await this.#end(before)
  }

  async judge(call: ProposedCall, principal: Principal | null, session: string): Promise<Judged> {
    const { tool, args, id } = readCall(call)
    return this.#runOf(principal, session).judge(tool, args, id)
  }

  async answer(approvalId: string, answer: ApprovalAnswer): Promise<Judged> {
    const own = ownAnswer(answer)
    for (const run of this.#runs.values()) {
      const judged = run.answer(approvalId, own)
      if (judged !== undefined) return judged
    }
    throw new SallyportError('approval-unknown', 'there is no open request with this id', {
      help: 'judge the call anew if it is still wanted: a request is answered once, before it expires and before `hear`, `end` or `close` ends its run',
    })
  }

  async settle(id: string, outcome: Outcome): Promise<Settled> {
    readOutcome(outcome)
    for (const run of this.#runs.values()) {
      const settled = run.settle(id, outcome)
      if (settled !== undefined) return settled
    }
    throw new SallyportError('bad-option', `no call \`${id}\` is waiting to be settled`, {
      help: 'settle a call once, after `judge` said `run` and before `hear`, `end` or `close` ends its run',
    })
  }

  async end(principal: Principal | null, session: string): Promise<Report> {
    const run = this.#runOf(principal, session)
    this.#current.delete(keyOf(readPrincipal(principal), session))
    return this.#end(run)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    // those included that somebody else has begun to end
    const runs = [...this.#runs.values()]
    this.#current.clear()
    await Promise.allSettled(runs.map((run) => this.#end(run)))
    await this.#parts.plugins?.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #runOf(principal: Principal | null, session: string): GateRun {
    const caller = readPrincipal(principal)
    readSession(session)
    return this.#current.get(keyOf(caller, session)) ?? this.#begin([], caller, session)
  }

  #begin(messages: readonly Message[], principal: Principal | null, session: string): GateRun {
    if (this.#isClosed) {
      throw new SallyportError('runtime-closed', 'this gate was closed and judges no more calls', {
        help: 'make another gate',
      })
    }
    const run = new GateRun(this.#parts, { principal, session, messages })
    this.#runs.set(run.id, run)
    this.#current.set(keyOf(principal, session), run)
    return run
  }

  async #end(run: GateRun): Promise<Report> {
    try {
      return await run.end()
    } finally {
      this.#runs.delete(run.id)
    }
  }
}

/** A run acts for one caller with the same rights throughout. */
function keyOf(principal: Principal | null, session: string): string {
  return JSON.stringify([session, canonicalJson(principal)])
}
