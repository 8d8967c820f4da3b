import { isObject } from '../base/json.ts'
import type { ForeignText } from '../protocol/foreign.ts'
import { imageFacts, type ImageFacts } from '../protocol/image.ts'
import type {
  FellBack,
  Retried,
  RunFailed,
  TurnEnded,
  TurnStart,
  UsageReported,
} from '../protocol/run-event.ts'
import { noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import {
  reportError,
  type ModelCallRow,
  type ModelFallback,
  type ModelRetry,
  type ReportError,
} from './report.ts'

/** The course of one model response, event by event, of which it keeps copies: readers may write over them. */
export class ModelCallFold {
  readonly #turn: number
  readonly #startedAt: string
  readonly #retries: ModelRetry[] = []
  readonly #fallbacks: ModelFallback[] = []
  #model: string
  #usage: Usage = noUsage
  #cost: Cost | undefined
  #images: readonly ImageFacts[] = []
  #foreign: ForeignText['foreign']
  #responseId: string | undefined
  #end: Pick<TurnEnded, 'attempts' | 'durationMs' | 'finishReason'> | undefined
  #error: ReportError | undefined

  constructor(started: TurnStart, model: string) {
    this.#turn = started.turn
    this.#startedAt = started.at
    this.#model = model
  }

  /** Nothing but the beginning of the turn is on record. */
  isWithoutAnswer(turn: number): boolean {
    return this.#turn === turn && this.#usage === noUsage && this.#end === undefined
  }

  retry({ attempt, delayMs, error }: Retried): void {
    this.#retries.push({ attempt, delayMs, reason: reportError(error) })
  }

  fallback({ from, to, error }: FellBack): void {
    this.#fallbacks.push({ from, to, reason: reportError(error) })
    this.#model = to
  }

  /** Tokens are spent even when the turn never ends. */
  reportUsage(event: UsageReported): void {
    this.#count(event)
    this.#images = imagesIn(event.message)
    this.#foreign = event.foreign
  }

  finish(event: TurnEnded): void {
    const { attempts, durationMs, finishReason, responseId } = event
    this.#end = { attempts, durationMs, finishReason: { ...finishReason } }
    this.#responseId = responseId
    this.#count(event)
    this.#model = event.model ?? this.#model
  }

  #count({ cost, usage }: Pick<UsageReported, 'cost' | 'usage'>): void {
    this.#usage = { ...usage }
    if (cost !== undefined) this.#cost = { ...cost }
  }

  /** Other errors of the run are not the model's. */
  fail(event: RunFailed, error: ReportError): void {
    if (event.turn === this.#turn && event.code.startsWith('model-')) this.#error = error
  }

  row(): ModelCallRow {
    const end = this.#end
    const { raw: _raw, ...usage } = this.#usage
    return {
      turn: this.#turn,
      model: this.#model,
      ...(this.#responseId === undefined ? {} : { responseId: this.#responseId }),
      attempts: end?.attempts ?? this.#retries.length + this.#fallbacks.length + 1,
      retries: [...this.#retries],
      fallbacks: [...this.#fallbacks],
      finishReason: end?.finishReason ?? null,
      usage,
      ...(this.#cost === undefined ? {} : { cost: this.#cost }),
      ...(this.#images.length === 0 ? {} : { images: this.#images }),
      ...(this.#foreign === undefined ? {} : { foreign: this.#foreign }),
      startedAt: this.#startedAt,
      durationMs: end?.durationMs ?? 0,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    }
  }
}

const mostImages = 64

/** A message from a journal may be erased, or be anything. */
function imagesIn(message: unknown): readonly ImageFacts[] {
  const content = isObject(message) ? message['content'] : undefined
  if (!Array.isArray(content)) return []
  const urls = content
    .filter((part: unknown) => isObject(part) && part['type'] === 'image')
    .map((part: Record<string, unknown>) => part['url'])
    .filter((url) => typeof url === 'string')
  return urls.slice(0, mostImages).map(imageFacts)
}
