import type { Attributes, Context, Span } from '@opentelemetry/api'
import { shorten } from '../../base/text.ts'
import type { CallStatus } from '../../protocol/call.ts'
import type { Decision } from '../../protocol/decision.ts'
import { decidingRule } from '../../protocol/place.ts'
import type {
  ApprovalDecided,
  ApprovalRequested,
  RunEvent,
  ToolCallProposed,
  ToolResulted,
} from '../../protocol/run-event.ts'
import { conventional, operations, other, own } from './names.ts'
import type { TraceParts } from './traces.ts'

/** What went wrong rather than was refused or left out. */
const faults: ReadonlySet<CallStatus> = new Set([
  'error-parsing',
  'error-validation',
  'error-not-found',
  'error-execution',
  'error-output',
  'timeout',
  'unknown-outcome',
])

/** What somebody has refused. */
const refusals: ReadonlySet<CallStatus> = new Set([
  'error-security',
  'denied-by-human',
  'approval-expired',
])

/** Steps that refuse because they could not decide. */
const failures: ReadonlySet<string> = new Set(['gate_error', 'policy_error'])

interface CallStart {
  readonly callId: string
  readonly at: string
  /** Those that the run has; the model may make up other names. */
  readonly tools: ReadonlySet<string>
}

/** The span of one call, from its proposal to its result, and of the questions about it. */
export class CallTrace {
  readonly #parts: TraceParts
  readonly #span: Span
  readonly #startedAt: number
  readonly #tools: ReadonlySet<string>
  readonly context: Context
  readonly #questions = new Map<string, Span>()
  #tool = other
  #gateFailed = false
  #ended = false

  constructor(parts: TraceParts, parent: Context, { at, callId, tools }: CallStart) {
    const { api, tracer } = parts
    this.#parts = parts
    this.#tools = tools
    this.#startedAt = Date.parse(at)
    this.#span = tracer.startSpan(
      operations.tool,
      {
        kind: api.SpanKind.INTERNAL,
        startTime: new Date(at),
        attributes: {
          [conventional.operationName]: operations.tool,
          [conventional.toolType]: 'function',
          [own.callId]: callId,
        },
      },
      parent,
    )
    this.context = api.trace.setSpan(parent, this.#span)
  }

  take(event: RunEvent): void {
    if (this.#ended) return
    switch (event.type) {
      case 'tool-call':
        this.#propose(event)
        break
      case 'decision':
        this.#decide(event.decision)
        break
      case 'approval-request':
        this.#ask(event)
        break
      case 'approval-decision':
        this.#answer(event)
        break
      case 'execution-start':
        this.#name(event.tool)
        break
      case 'tool-result':
        this.#finish(event)
        break
    }
  }

  /** A name that no tool has is the model's own text: it names no span and no metric. */
  #name(tool: string): void {
    if (this.#tools.has(tool)) {
      this.#tool = tool
      this.#span.updateName(`${operations.tool} ${tool}`)
    }
    this.#span.setAttribute(conventional.toolName, shorten(tool, 128))
  }

  #propose({ args, providerId, tool }: ToolCallProposed): void {
    this.#name(tool)
    this.#span.setAttributes({
      [conventional.toolCallId]: shorten(providerId, 128),
      ...(args === null ? {} : this.#parts.content('arguments', () => args)),
    })
  }

  #decide(decision: Decision): void {
    const { effect, policy, rule, shadow } = decision
    const place = decidingRule(decision)
    const decisionClass = classOf(rule, place !== undefined)
    const decided = { [own.decision]: effect, [own.decisionClass]: decisionClass }
    this.#gateFailed = failures.has(rule)
    this.#span.setAttributes({
      ...decided,
      [own.ruleId]: rule,
      [own.policyHash]: policy.digest,
      ...(place && { [own.ruleFile]: place.file, [own.ruleLine]: place.line }),
      ...(shadow === true ? { [own.decisionShadow]: true } : {}),
    })
    const attributes = { ...decided, [own.ruleId]: rule, [conventional.toolName]: this.#tool }
    this.#parts.instruments.decisions.add(1, attributes, this.context)
  }

  #ask({ approvalId, at }: ApprovalRequested): void {
    const { api, tracer } = this.#parts
    const options = { kind: api.SpanKind.INTERNAL, startTime: new Date(at) }
    this.#questions.set(approvalId, tracer.startSpan('sallyport.approval', options, this.context))
  }

  #answer({ action, approvalId, at }: ApprovalDecided): void {
    this.#span.setAttribute(own.approvalOutcome, action)
    const question = this.#questions.get(approvalId)
    question?.setAttribute(own.approvalOutcome, action)
    question?.end(new Date(at))
    this.#questions.delete(approvalId)
  }

  #finish(event: ToolResulted): void {
    const { approvalMs, at, attempts, error, executionMs, queueMs, result, status, tool } = event
    const { content, instruments } = this.#parts
    this.#name(tool)
    const failure = this.#failureOf(status, error?.code)
    this.#span.setAttributes({
      [own.callStatus]: status,
      [own.attempts]: attempts,
      [own.queueMs]: queueMs,
      ...(approvalMs > 0 ? { [own.approvalWaitMs]: approvalMs } : {}),
      ...(result === undefined ? {} : content('result', () => result)),
    })
    const failed: Attributes = failure === undefined ? {} : { [conventional.errorType]: failure }
    const named = { [conventional.toolName]: this.#tool }
    if (attempts > 0) {
      const attributes = { [conventional.operationName]: operations.tool, ...named, ...failed }
      instruments.toolDuration.record(executionMs / 1000, attributes, this.context)
    }
    if (approvalMs > 0) instruments.approvalWait.record(approvalMs / 1000, named, this.context)
    this.#span.setAttributes(failed)
    if (failure !== undefined) {
      this.#span.setStatus({ code: this.#parts.api.SpanStatusCode.ERROR })
    }
    this.end(at)
  }

  /** A decision is no fault, unless the host counts it as one; a gate that has failed is. */
  #failureOf(status: CallStatus, code: string | undefined): string | undefined {
    if (faults.has(status)) return code ?? status
    if (!refusals.has(status)) return undefined
    if (this.#gateFailed) return 'policy_error'
    return this.#parts.refusalsAreErrors ? 'policy_denied' : undefined
  }

  /** Whatever is still open stays so: the run rests, or has failed. */
  end(at: string): void {
    if (this.#ended) return
    this.#ended = true
    const end = new Date(Math.max(this.#startedAt, Date.parse(at)))
    for (const question of this.#questions.values()) question.end(end)
    this.#span.end(end)
  }
}

/** What has decided: a rule, or the part or step of the gate by its name. */
function classOf(rule: string, isRule: boolean): string {
  const [part] = /^(?:flow|guards|hooks|limits|sequences|tool)(?=\.)/.exec(rule) ?? []
  return part ?? (isRule ? 'rule' : rule)
}
