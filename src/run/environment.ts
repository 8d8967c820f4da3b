import type { Clock } from '../base/clock.ts'
import type { Costs } from '../cost/costs.ts'
import type { Gate } from '../gate/gate.ts'
import type { ApprovalAnswer, ApprovalRequest, JudgeContext } from '../gate/verdict.ts'
import type { Message } from '../protocol/message.ts'
import type { Model, ModelCaller } from '../protocol/model.ts'
import type { ModelSettings, ToolChoice, ToolSpecification } from '../protocol/request.ts'
import type { ToolView } from '../tools/registry.ts'
import type { ToolLog } from '../tools/tool.ts'
import type { ToolWrapper } from '../tools/wrap.ts'
import type { Delegation } from './delegation.ts'
import type { KeyedQueue } from './keyed-queue.ts'
import type { AnswerForm } from './output.ts'
import type { Recorder } from './recorder.ts'
import type { RememberedAnswers } from './remembered.ts'
import type { ModelWrapper } from './plugin-model.ts'
import type { PrepareTurn } from './prepare.ts'
import type { Steering } from './run.ts'
import type { PastCourse } from './take-up.ts'
import type { Share } from './share.ts'
import type { RunLimits, StopCondition } from './stop.ts'
import type { Stops } from './stops.ts'

/**
 * Answers an approval request, or returns undefined when nobody can answer now; the run then ends
 * as `needs-approval`. Throwing counts as no answer. `signal` aborts when nobody waits for the answer
 * any more.
 */
export type Approve = (
  request: ApprovalRequest,
  options: { readonly signal: AbortSignal },
) => Promise<ApprovalAnswer | undefined> | ApprovalAnswer | undefined

/** What calls need to be judged, carried out and recorded. */
export interface CallEnvironment {
  readonly runId: string
  readonly gate: Gate
  readonly recorder: Recorder
  readonly clock: Clock
  readonly limits: Pick<RunLimits, 'maxParallel'>
  readonly context: JudgeContext
  readonly deps: unknown
  readonly log: ToolLog | undefined
  /** Stand round tools, the first outermost. */
  readonly wrappers?: readonly ToolWrapper[] | undefined
  readonly approve: Approve | undefined
  /** Absent where no tool is an agent. */
  readonly delegation?: Delegation | undefined
  /** What is used together with agents; absent where there are none. */
  readonly share?: Share | undefined
  /**
   * The next answer to a request that somebody has given beforehand, each once; undefined when there
   * is no more. `approve` is asked after them.
   */
  readonly given?: (request: ApprovalRequest) => Promise<ApprovalAnswer | undefined>
  /** What people have said in this run that counts for equal calls. */
  readonly remembered: RememberedAnswers
  /** The tools that calls may be of. Default: all that the gate knows. */
  readonly view?: ToolView
  /** Whether somebody is asked again after an answer that does not count. Default false. */
  readonly askAgain?: boolean
  /** Aborts when the run is cancelled or out of time. */
  readonly signal: AbortSignal
  /** Aborts when no turn is to begin any more, and nobody is to be waited for. */
  readonly drain: AbortSignal
  readonly stops: Stops
  /** Shared by all runs of a runtime, so that a key holds across them. */
  readonly keys: KeyedQueue
  /**
   * Whether the last outcome of a turn is left to the next flush, which follows without waiting for
   * anybody; saves one append a turn. Default false.
   */
  readonly flushesAfterCalls?: boolean
}

/** Everything a run works with; made once, before its first event. */
export interface RunEnvironment extends CallEnvironment {
  readonly model: Model
  /** Stand round every response, the first outermost. */
  readonly modelWrappers?: readonly ModelWrapper[] | undefined
  /** Another model as runs ask it: counted and bounded like the first. */
  readonly costed: (model: Model) => Promise<Model>
  /** Whom its costs are counted by. */
  readonly caller: ModelCaller
  readonly costs: Costs | undefined
  readonly limits: RunLimits
  readonly stopWhen: readonly StopCondition[]
  readonly tools: readonly ToolSpecification[]
  readonly view: ToolView
  readonly toolChoice: ToolChoice
  /** For one turn, in place of the other one. */
  readonly preparedToolChoice?: ToolChoice | undefined
  readonly prepareTurn: PrepareTurn | undefined
  readonly steering: Steering
  readonly finalAnswer: boolean
  readonly settings: ModelSettings | undefined
  /** The form the answer has to have. */
  readonly output: AnswerForm | undefined
  /** What the run begins with. */
  readonly messages: readonly Message[]
  /** Present when another carrier of the run has gone before. */
  readonly past?: PastCourse | undefined
}
