import type { Attributes, Context, Span, SpanContext } from '@opentelemetry/api'
import { noUsage, addUsage, type Usage } from '../../protocol/usage.ts'
import type { RunEnded, RunEvent, RunStart } from '../../protocol/run-event.ts'
import { CallTrace } from './call-trace.ts'
import { ChatTrace, usageAttributes } from './chat-trace.ts'
import { messageParts } from './content.ts'
import { conventional, operations, own } from './names.ts'
import { traceparentOf } from './traceparent.ts'
import type { TraceParts } from './traces.ts'

/** The spans of one run, from its first event to its end. */
export class RunTrace {
  readonly #parts: TraceParts
  readonly #start: RunStart
  readonly #span: Span
  readonly #context: Context
  readonly #calls = new Map<string, CallTrace>()
  readonly #tools: ReadonlySet<string>
  #chat: ChatTrace | undefined
  #usage: Usage = noUsage
  #failure: string | undefined

  /** `above` is what it works for, by default what is active; `before` the run that it goes on with. */
  constructor(
    parts: TraceParts,
    start: RunStart,
    { above, before }: { above: Context | undefined; before: SpanContext | undefined },
  ) {
    const { agent, api, content, tracer } = parts
    this.#parts = parts
    this.#start = start
    this.#tools = new Set(start.tools.names)
    const parent = above ?? api.context.active()
    const name = agent.name === undefined ? operations.agent : `${operations.agent} ${agent.name}`
    const messages = start.messages ?? []
    this.#span = tracer.startSpan(
      name,
      {
        kind: api.SpanKind.INTERNAL,
        startTime: new Date(start.at),
        attributes: {
          ...startAttributes(parts, start),
          ...(messages.length === 0 ? {} : content('input', () => messageParts(messages))),
        },
        ...(before === undefined ? {} : { links: [{ context: before }] }),
      },
      parent,
    )
    this.#context = api.trace.setSpan(parent, this.#span)
  }

  get traceparent(): string {
    return traceparentOf(this.#span.spanContext())
  }

  chatContext(): Context | undefined {
    return this.#chat?.context
  }

  callContext(callId: string): Context | undefined {
    return this.#calls.get(callId)?.context
  }

  take(event: RunEvent): void {
    switch (event.type) {
      case 'turn-start':
        this.#chat?.end(event.at)
        this.#chat = new ChatTrace(this.#parts, this.#context, this.#start.model, event)
        break
      case 'retry':
      case 'fallback':
        this.#chat?.tryAgain(event)
        break
      case 'usage':
        this.#usage = addUsage(this.#usage, event.usage)
        this.#chat?.answered(event)
        break
      case 'turn-end':
        this.#chat?.finish(event)
        break
      case 'limit':
        this.#span.addEvent('sallyport.limit', { [own.limit]: event.limit }, new Date(event.at))
        break
      case 'error':
        this.#failure = event.code
        this.#chat?.fail(event)
        break
      case 'end':
        this.#end(event)
        break
      default:
        if ('callId' in event) this.#call(event.callId, event).take(event)
    }
  }

  /** A run that is carried on says more of calls that were proposed before. */
  #call(callId: string, { at }: RunEvent): CallTrace {
    const known = this.#calls.get(callId)
    if (known !== undefined) return known
    const call = new CallTrace(this.#parts, this.#context, { callId, at, tools: this.#tools })
    this.#calls.set(callId, call)
    return call
  }

  #end({ at, head, status }: RunEnded): void {
    const { api } = this.#parts
    this.#chat?.end(at)
    for (const call of this.#calls.values()) call.end(at)
    this.#span.setAttributes({
      [own.runStatus]: status,
      [own.journalHead]: head,
      ...usageAttributes(this.#usage),
    })
    if (status === 'error' || status === 'timeout') {
      this.#span.setAttribute(conventional.errorType, this.#failure ?? status)
      this.#span.setStatus({ code: api.SpanStatusCode.ERROR })
    }
    this.#span.end(new Date(Math.max(Date.parse(at), Date.parse(this.#start.at))))
  }
}

function startAttributes({ agent }: TraceParts, start: RunStart): Attributes {
  const { model, policy, runId, session } = start
  return {
    [conventional.operationName]: operations.agent,
    [conventional.providerName]: model.provider,
    [conventional.requestModel]: model.id,
    ...(agent.name === undefined ? {} : { [conventional.agentName]: agent.name }),
    ...(agent.id === undefined ? {} : { [conventional.agentId]: agent.id }),
    ...(agent.version === undefined ? {} : { [conventional.agentVersion]: agent.version }),
    ...(session === undefined ? {} : { [conventional.conversationId]: session }),
    [own.runId]: runId,
    [own.policyName]: policy.name,
    [own.policyHash]: policy.digest,
    [own.policyMode]: policy.mode,
  }
}
