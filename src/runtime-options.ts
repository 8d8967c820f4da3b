import type { Clock } from './base/clock.ts'
import { SallyportError } from './base/errors.ts'
import { checkOptions, withDefaults } from './base/options.ts'
import type { JsonObject } from './base/json.ts'
import type { Costs } from './cost/costs.ts'
import type { Auth } from './gate/authenticate.ts'
import type { CustomAuthenticator } from './gate/identity/custom.ts'
import type { ApprovalRequest } from './gate/verdict.ts'
import type { HistoryStore } from './history/store.ts'
import type { HistoryOptions } from './history/view.ts'
import type { Journal } from './journal/journal.ts'
import type { LoadedPolicy } from './loading/file.ts'
import type { CostedModel } from './model/metered.ts'
import type { ModelErrorData } from './protocol/event.ts'
import type { Message, UserPart } from './protocol/message.ts'
import type { Model } from './protocol/model.ts'
import {
  anything,
  arePlugins,
  areSettings,
  checkGiven,
  hasMethods,
  isArrayOf,
  isClock,
  isFlag,
  isFunction,
  isHistory,
  isJournal,
  isLoadedPolicy,
  isMessage,
  isModel,
  isNumber,
  isObjectOf,
  isOneOf,
  isOutput,
  isPlainObject,
  isSignal,
  isText,
  isToolChoice,
  isToolLike,
  isUserContent,
  type OptionCheck,
} from './protocol/option-checks.ts'
import type { ModelSettings, ToolChoice } from './protocol/request.ts'
import type { EndStatus, ScopePart } from './protocol/run-event.ts'
import type { Cost, FinishReason, Usage } from './protocol/usage.ts'
import type { Report } from './report/report.ts'
import type { Approve } from './run/environment.ts'
import type { OutputOptions, OutputSchema } from './run/output.ts'
import type { Plugin } from './run/plugin.ts'
import type { PrepareTurn } from './run/prepare.ts'
import { defaultLimits, type RunLimits, type StopCondition } from './run/stop.ts'
import type { StopRequest } from './run/stops.ts'
import type { SessionMode } from './session-turns.ts'
import type { SigningOptions } from './snapshot.ts'
import type { Tool, ToolDefinition, ToolLog } from './tools/tool.ts'

export interface RuntimeOptions {
  readonly model: Model
  /** Made by `defineTool`, or definitions it would accept. */
  readonly tools?: readonly (Tool | ToolDefinition)[]
  /** From `loadPolicy` or `parsePolicy`. Without one every call is denied. */
  readonly policy?: LoadedPolicy
  /** A system message put before everything else. */
  readonly instructions?: string
  readonly limits?: Partial<RunLimits>
  readonly stopWhen?: readonly StopCondition[]
  /**
   * Asked before every model request: may give it another model, fewer tools, other messages,
   * settings or choice of tools. What it changes is on record. A run whose turn cannot be prepared
   * ends as `error`.
   */
  readonly prepareTurn?: PrepareTurn
  /** Default: in memory. */
  readonly journal?: Journal
  /** Answers what a policy asks; without it such calls end the run as `needs-approval`. */
  readonly approve?: Approve
  /** The host's own authentication, for `auth: { custom }`. */
  readonly authenticator?: CustomAuthenticator
  readonly settings?: ModelSettings
  readonly toolChoice?: ToolChoice
  /** Accepts a policy in shadow mode, which decides and records but does not block. */
  readonly allowShadow?: boolean
  /**
   * Values that only the host knows to be secret: what policies say about `secrets` finds them too,
   * also in base64, hex and percent-encoding. Those under 6 characters are not looked for.
   */
  readonly secrets?: readonly string[]
  /**
   * From `createCosts`: prices what the provider does not, counts it by session, agent and model,
   * and holds sessions to a budget. Default: that of the model, if it has one (a `router`).
   */
  readonly costs?: Costs
  /** What `result.snapshot` is signed with. Without it runs are resumed by their ids only. */
  readonly signing?: SigningOptions
  /**
   * What becomes of a run whose `session` has another one at work in this runtime: it waits for it,
   * or ends as `error` with `session-busy`. Default `queue`. A tool that starts a run in the session
   * of its own run would wait for itself: give that run another session.
   */
  readonly sessions?: SessionMode
  /** What sees runs, surrounds what they do or decides beside the policy; in their order. */
  readonly plugins?: readonly Plugin[]
  /** Keeps conversations of sessions; where processes share it, each session has one run at a time. */
  readonly history?: HistoryStore | HistoryOptions
  readonly clock?: Clock
  readonly log?: ToolLog
}

export interface RunOptions<Schema extends OutputSchema = OutputSchema> {
  /** What the user says. */
  readonly input: string | readonly UserPart[]
  /** The conversation before it. */
  readonly messages?: readonly Message[]
  /** The caller; absent means anonymous, which the policy has to permit. */
  readonly auth?: Auth
  /** Conversation this run belongs to, kept in `history`; limits `per: session` count over it. */
  readonly session?: string
  /** Handed to tools as `ctx.deps`; never shown to the model. */
  readonly deps?: unknown
  readonly signal?: AbortSignal
  readonly approve?: Approve
  readonly settings?: ModelSettings
  readonly toolChoice?: ToolChoice
  /**
   * Keeps the last turn that `maxTurns` permits for an answer: the model is told not to call tools,
   * and no call of it runs. Default false: a run that still calls tools then ends as `limit`.
   */
  readonly finalAnswer?: boolean
  /**
   * The form the answer has to have, asked of the model and checked. An answer without it is asked
   * for once again, in a turn that runs no calls; after that the run ends with `model-output`.
   * Mistakes in it reject `result()` with `bad-schema`.
   */
  readonly output?: OutputOptions<Schema>
  /**
   * What the task needs of the tools, narrower than what the caller may do. A call outside of it
   * is denied by `scope`. Mistakes in it reject `result()` with `bad-option`.
   */
  readonly scope?: ScopePart | readonly ScopePart[]
  /** Bounds for this run; they can only be lower than those of the runtime. */
  readonly limits?: Partial<RunLimits>
}

export interface RunResult<Output = unknown> {
  readonly runId: string
  readonly status: EndStatus
  readonly text: string
  /** Data or https URLs of the pictures in the last model response. */
  readonly images: readonly string[]
  /**
   * What the answer holds, where a form was asked for; there in every run that is `completed` by an
   * answer.
   */
  readonly output?: Output
  readonly refusal?: string
  readonly finishReason?: FinishReason
  readonly usage: Usage
  readonly cost?: Cost
  readonly report: Report
  readonly approvals: readonly ApprovalRequest[]
  /**
   * Ids of calls that a carrier which died had started, and of which nobody knows how they ended.
   */
  readonly inDoubt: readonly string[]
  /**
   * A signed pointer to this state of the run, for `resume`: there where the runtime has `signing`
   * and the run can be carried on. It holds nothing of what was said, and counts once.
   */
  readonly snapshot?: string
  /** The conversation, to go on from; without an answer that was asked for again. */
  readonly messages: readonly Message[]
  readonly error?: ModelErrorData
}

export const areLimits: OptionCheck = isObjectOf(
  Object.fromEntries(
    Object.keys(defaultLimits).map((name) => [
      name,
      isNumber({ min: name === 'maxCost' ? 0 : 1, integer: name !== 'maxCost' }),
    ]),
  ),
)

const isSigningOptions = isObjectOf({
  key: isPlainObject,
  keyId: isText,
  keys: isArrayOf('JSON Web Keys', isPlainObject),
  ttlMs: isNumber({ min: 1_000, max: 31_536_000_000, integer: true }),
  anchor: isFunction,
  anchorRequired: isFlag,
})

const isSigning: OptionCheck = (name, value) => {
  isSigningOptions(name, value)
  isPlainObject(`${name}.key`, (value as SigningOptions).key)
}

const runtimeChecks: Readonly<Record<keyof RuntimeOptions, OptionCheck>> = {
  model: isModel,
  tools: isArrayOf('tools', isToolLike),
  policy: isLoadedPolicy,
  instructions: isText,
  limits: areLimits,
  stopWhen: isArrayOf('functions', isFunction),
  prepareTurn: isFunction,
  journal: isJournal,
  approve: isFunction,
  authenticator: isFunction,
  settings: areSettings,
  toolChoice: isToolChoice,
  allowShadow: isFlag,
  secrets: isArrayOf('texts', isText),
  costs: hasMethods('what counts costs', ['open', 'exceeded'], 'make it with `createCosts`'),
  signing: isSigning,
  sessions: isOneOf('queue', 'refuse'),
  plugins: arePlugins,
  history: isHistory,
  clock: isClock,
  log: isFunction,
}

const runChecks: Readonly<Record<keyof RunOptions, OptionCheck>> = {
  input: isUserContent,
  messages: isArrayOf('messages', isMessage),
  // judged by the authenticator, which refuses what it does not know
  auth: anything,
  session: isText,
  deps: anything,
  signal: isSignal,
  approve: isFunction,
  settings: areSettings,
  toolChoice: isToolChoice,
  finalAnswer: isFlag,
  output: isOutput,
  // read when the run starts, with the rest of the policy language
  scope: anything,
  limits: areLimits,
}

/** Throws `bad-option` for options that are unknown, missing or of another type. */
export function checkRuntimeOptions(options: RuntimeOptions): void {
  checkOptions('createRuntime', options, Object.keys(runtimeChecks))
  isModel('model', options.model)
  checkGiven(options, runtimeChecks)
  const { costs, model } = options
  const own = (model as Partial<CostedModel>).costs
  if (costs === undefined || own === undefined || costs === own) return
  throw new SallyportError('bad-option', '`costs` is not what the model counts its costs with', {
    help: 'give `costs` to the router or to the runtime, or the same to both',
  })
}

const stopChecks: Readonly<Record<keyof StopRequest, OptionCheck>> = {
  principal: isText,
  tool: isText,
  run: isText,
  reason: isText,
}

/** Throws `bad-option` for what does not say what is to stop. */
export function checkStopRequest(request: StopRequest): void {
  checkOptions('stop', request, Object.keys(stopChecks))
  checkGiven(request, stopChecks)
}

/** Throws `bad-option` for options that are unknown, missing or of another type. */
export function checkRunOptions(options: RunOptions): void {
  checkOptions('run', options, Object.keys(runChecks))
  isUserContent('input', options.input)
  checkGiven(options, runChecks)
}

/** The limits of one run: a run can only ask for less than its runtime gives. */
export function narrowedLimits(
  limits: RunLimits,
  wanted: Partial<RunLimits> | undefined,
): RunLimits {
  if (wanted === undefined) return limits
  const narrowed: Record<string, number> = { ...limits }
  for (const [name, value] of Object.entries(withDefaults(limits, wanted))) {
    narrowed[name] = Math.min(value as number, narrowed[name]!)
  }
  return narrowed as unknown as RunLimits
}

/** The limits as a report shows them: those without a bound are left out. */
export function finiteLimits(limits: RunLimits): JsonObject {
  const finite: Record<string, number> = {}
  for (const name of limitNames) if (Number.isFinite(limits[name])) finite[name] = limits[name]
  return finite
}

const limitNames = (Object.keys(defaultLimits) as (keyof RunLimits)[]).toSorted()
