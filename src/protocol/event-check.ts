import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { ModelEvent } from './event.ts'
import { isImageUrl } from './image.ts'
import type { Cost, FinishUnified, Usage } from './usage.ts'

type Check = (value: unknown) => boolean

type Checks<Whole> = { readonly [Member in keyof Required<Whole>]: Check }

const isText: Check = (value) => typeof value === 'string'

/** Whoever shows an answer may follow what it holds. */
const isPicture: Check = (value) => typeof value === 'string' && isImageUrl(value)

const isAmount: Check = (value) =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY

const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

const isAnything: Check = () => true

function isWord<Word extends string>(words: Readonly<Record<Word, true>>): Check {
  return (value) => typeof value === 'string' && Object.hasOwn(words, value)
}

function isMadeOf<Whole>(members: Checks<Whole>): Check {
  const list = Object.entries<Check>(members)
  return (value) => isObject(value) && list.every(([name, check]) => check(value[name]))
}

const isError = isMadeOf({ code: isText, message: isText })

const isFinish = isMadeOf({
  unified: isWord<FinishUnified>({
    stop: true,
    length: true,
    'tool-calls': true,
    'content-filter': true,
    pause: true,
    error: true,
    other: true,
  }),
  raw: (value) => value === null || isText(value),
})

const isUsage = isMadeOf<Usage>({
  inputTokens: isAmount,
  outputTokens: isAmount,
  cacheReadTokens: isAmount,
  cacheWriteTokens: isAmount,
  reasoningTokens: isAmount,
  raw: isAnything,
})

const isCost = isMadeOf<Cost>({
  amount: isAmount,
  currency: isWord({ USD: true }),
  source: isWord<Cost['source']>({ provider: true, registry: true, fallback: true, unknown: true }),
})

type Members<Type> = Omit<Extract<ModelEvent, { readonly type: Type }>, 'type'>

/** What the members of an event have to be; what nobody reads may be anything. */
const checks: { readonly [Type in ModelEvent['type']]: Checks<Members<Type>> } = {
  'text-delta': { text: isText },
  'reasoning-delta': { text: isText },
  image: { url: isPicture },
  'tool-call-start': { slot: isAnything, providerId: isAnything, tool: isAnything },
  'tool-call-delta': { slot: isAnything, text: isAnything },
  'tool-call': {
    slot: isAnything,
    providerId: isText,
    tool: isText,
    arguments: isText,
    opaque: isAnything,
    defect: maybe(isText),
  },
  usage: { usage: isUsage, cost: maybe(isCost), model: maybe(isText) },
  retry: { attempt: isAmount, delayMs: isAmount, error: isError },
  fallback: { from: isText, to: isText, error: isError },
  error: { error: isError },
  end: {
    finishReason: isFinish,
    refusal: maybe(isText),
    opaque: maybe(isMadeOf({ wire: isText, value: isAnything })),
    provider: maybe(isText),
    model: maybe(isText),
    responseId: maybe(isText),
  },
}

const listed = new Map(
  Object.entries(checks).map(([type, members]) => [type, Object.entries<Check>(members)]),
)

/**
 * Throws `model-protocol` for what is none of the events of a response, such as an `error` that does
 * not say what has failed: what is read past it would count as said. Events of a type that nobody
 * reads pass.
 */
export function checkEvent(event: unknown): void {
  if (!isObject(event)) throw noEvent('yields no event')
  const { text, type } = event
  // nearly all events are these, and the list of checks costs ten times as much
  if ((type === 'text-delta' || type === 'reasoning-delta') && typeof text === 'string') return
  if (typeof type !== 'string') throw noEvent('yields no event')
  for (const [name, check] of listed.get(type) ?? []) {
    if (!check(event[name])) {
      throw noEvent(`yields an event \`${shorten(type, 40)}\` whose \`${name}\` is none`)
    }
  }
}

function noEvent(what: string): SallyportError {
  return new SallyportError('model-protocol', `the model, or a wrapper of it, ${what}`, {
    help: 'yield the events of `ModelEvent`; `modelSuite` of `sallyport/testing` tries a model',
  })
}
