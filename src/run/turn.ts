import { setImmediate } from 'node:timers/promises'
import { errorData, isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { copyPlain } from '../base/plain.ts'
import { nearest } from '../base/suggest.ts'
import { shorten } from '../base/text.ts'
import { lending, stopReason, withGrace } from '../base/signal.ts'
import { TurnAssembler, type AssembledTurn } from '../protocol/assemble.ts'
import type { ToolCall } from '../protocol/call.ts'
import { checkEvent } from '../protocol/event-check.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { ForeignText } from '../protocol/foreign.ts'
import type { AssistantMessage, AssistantPart, Message } from '../protocol/message.ts'
import type { ModelRequest, ToolChoice } from '../protocol/request.ts'
import type { RunStart } from '../protocol/run-event.ts'
import { noUsage } from '../protocol/usage.ts'
import type { RunEnvironment } from './environment.ts'
import { WrappedResponse } from './plugin-model.ts'
import { hearForeign } from './prepare.ts'
import { toCall } from './tool-call.ts'

/** A model that does not end its stream after an abort is left behind after this time. */
const graceMs = 1_000

/** How many steps of a stream that never waits there may be before timers and signals get their turn. */
const stepsPerTurn = 64

const detailBounds = { maxLength: 1024 * 1024, maxDepth: 64 }

/** One model response, and what it took to get it. */
export interface ModelTurn {
  readonly response: AssembledTurn
  readonly calls: readonly ToolCall[]
  /** Null when the model said nothing that the next request has to repeat. */
  readonly message: AssistantMessage | null
  readonly attempts: number
  readonly durationMs: number
  /** When it was recorded (RFC 3339), where that was by an earlier carrier. */
  readonly at?: string
  /** Who was asked last, where an earlier carrier did. */
  readonly asked?: RunStart['model']
}

/**
 * Asks the model once and passes its deltas on; never throws for what the model does. Rejects with
 * `bad-option` where it is to call a tool that it is not shown.
 */
export async function streamTurn(
  environment: RunEnvironment,
  messages: readonly Message[],
  turn: number,
): Promise<ModelTurn> {
  const { clock, recorder, signal } = environment
  const started = clock.monotonic()
  const reader = new TurnReader(environment)
  const asked = request(environment, messages, turn)
  await lending(signal, (lent) => withGrace(reader.read(asked, lent), signal, graceMs))
  const response = reader.finish()
  const calls = response.calls.map((call, index) => toCall(call, environment.runId, turn, index))
  const message = toMessage(response, calls)
  const foreign = reader.foreignTo(response)
  recorder.emit({
    type: 'usage',
    ...foreign,
    // readers of the run may write over what they get
    usage: { ...(response.usage ?? noUsage) },
    ...(response.cost === undefined ? {} : { cost: { ...response.cost } }),
    finishReason: { ...response.finishReason },
    message,
  })
  hearForeign(environment, { ...foreign, message })
  const durationMs = Math.round(clock.monotonic() - started)
  return { response, calls, message, attempts: reader.attempts, durationMs }
}

function request(
  { tools, toolChoice, preparedToolChoice, settings, output }: RunEnvironment,
  messages: readonly Message[],
  turn: number,
): ModelRequest {
  // a demand for tools would never let the model answer if it held for every turn
  const choice = preparedToolChoice ?? (turn === 1 || toolChoice === 'none' ? toolChoice : 'auto')
  checkChoice(choice, tools)
  return {
    // the transcript grows; whoever keeps a request keeps what was asked
    messages: [...messages],
    tools,
    toolChoice: choice,
    ...(output === undefined ? {} : { output: output.format }),
    ...(settings === undefined ? {} : { settings }),
  }
}

function checkChoice(choice: ToolChoice, tools: ModelRequest['tools']): void {
  if (typeof choice === 'string' || tools.some(({ name }) => name === choice.tool)) return
  const near = nearest(
    choice.tool,
    tools.map(({ name }) => name),
  )
  const message = `\`toolChoice\` names \`${shorten(choice.tool, 128)}\`, a tool that the model is not shown`
  throw new SallyportError('bad-option', message, {
    help: near === undefined ? 'name one of the tools of the turn' : `did you mean \`${near}\`?`,
  })
}

class TurnReader {
  readonly #environment: RunEnvironment
  readonly #assembler = new TurnAssembler()
  readonly #wrapped: WrappedResponse | undefined
  #ended = false
  attempts = 1

  constructor(environment: RunEnvironment) {
    const { model, modelWrappers } = environment
    this.#environment = environment
    this.#wrapped = modelWrappers && new WrappedResponse(model, modelWrappers)
  }

  foreignTo(response: AssembledTurn): ForeignText {
    return this.#wrapped?.foreignTo(response) ?? {}
  }

  async read(modelRequest: ModelRequest, signal: AbortSignal): Promise<void> {
    const { model, caller } = this.#environment
    const options = { signal, toolCallDeltas: false, caller }
    try {
      const source = this.#wrapped ?? model
      let steps = 0
      if (!('streamBatches' in source) || source.streamBatches === undefined) {
        for await (const event of source.stream(modelRequest, options)) {
          if (this.#ended) return
          this.#take(event)
          if (++steps % stepsPerTurn === 0) await setImmediate()
        }
        return
      }
      for await (const batch of source.streamBatches(modelRequest, options)) {
        for (const event of batch) if (!this.#ended) this.#take(event)
        if (this.#ended) return
        if (++steps % stepsPerTurn === 0) await setImmediate()
      }
    } catch (error) {
      const message = messageOf(error)
      const isNoEvent = isSallyportError(error) && error.code === 'model-protocol'
      this.#fail('model-protocol', isNoEvent ? message : `the model threw: ${message}`)
    }
  }

  #take(given: ModelEvent): void {
    const { recorder } = this.#environment
    checkEvent(given)
    const event = recordable(given)
    this.#assembler.add(event)
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
        recorder.delta(event.type, event.text)
        break
      case 'retry':
      case 'fallback':
        this.attempts++
        recorder.emit({ ...event })
        break
      case 'end':
        this.#ended = true
        break
    }
  }

  #fail(code: 'model-protocol' | 'cancelled' | 'run-timeout', message: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#assembler.add({ type: 'error', error: errorData(code, message) })
  }

  finish(): AssembledTurn {
    const { signal } = this.#environment
    if (signal.aborted) {
      const code = stopReason(signal) === 'run-timeout' ? 'run-timeout' : 'cancelled'
      this.#fail(code, 'the run was stopped while the model was answering')
    }
    this.#fail('model-protocol', 'the model ended its stream without `end`')
    const answer = this.#assembler.finish()
    return this.#wrapped?.charged(answer) ?? answer
  }
}

/** What a model passes on about an error may be nothing that a record can hold. */
function recordable(event: ModelEvent): ModelEvent {
  if (!('error' in event) || event.error.details === undefined) return event
  if (copyPlain(event.error.details, detailBounds).ok) return event
  const { details: _details, ...error } = event.error
  return { ...event, error }
}

function toMessage(turn: AssembledTurn, calls: readonly ToolCall[]): AssistantMessage | null {
  const content: AssistantPart[] = []
  if (turn.reasoning !== '') content.push({ type: 'reasoning', text: turn.reasoning })
  if (turn.text !== '') content.push({ type: 'text', text: turn.text })
  for (const url of turn.images) content.push({ type: 'image', url })
  if (turn.refusal !== undefined) content.push({ type: 'refusal', text: turn.refusal })
  for (const [index, { callId: id, providerId, tool, rawArgs, defect }] of calls.entries()) {
    const { opaque } = turn.calls[index]!
    content.push({
      type: 'tool-call',
      callId: id,
      providerId,
      tool,
      arguments: rawArgs,
      ...(opaque === undefined ? {} : { opaque }),
      ...(defect === undefined ? {} : { defect }),
    })
  }
  if (content.length === 0 && turn.opaque === undefined) return null
  // whoever follows the run is shown the parts themselves
  for (const part of content) Object.freeze(part)
  return Object.freeze({
    role: 'assistant',
    content: Object.freeze(content),
    ...(turn.opaque === undefined ? {} : { opaque: turn.opaque }),
    ...(turn.provider === undefined ? {} : { provider: turn.provider }),
  })
}
