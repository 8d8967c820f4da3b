import { isObject, type JsonValue } from '../../base/json.ts'
import type { AssistantMessage, Message } from '../../protocol/message.ts'
import { argumentsOf, callsOf } from '../history.ts'
import { toHistoryName } from '../names.ts'
import { listAt, objectAt, textAt } from '../read.ts'
import { isProviderTool } from './keep.ts'
import type { ResponsesDialect } from './options.ts'
import { resultOf } from './pictures.ts'

/** Longest id of an item or a call that OpenAI accepts; others make longer ones. */
export const maxIdLength = 64

type Entry = Readonly<Record<string, unknown>>
type Item = Record<string, unknown>

/**
 * The items of an answer as the endpoint sent them, with what the parts of the message hold in its
 * place. Undefined when the answer came from another wire or dialect, or when its parts are no
 * longer those it came with: then only the parts count.
 */
export function replayed(
  message: AssistantMessage,
  ids: readonly string[],
  dialect: ResponsesDialect,
): readonly object[] | undefined {
  const entries = entriesOf(message)
  if (entries === undefined || dialectOf(message) !== dialect) return undefined
  if (!holdsAll(message, entries, ids.length)) return undefined
  const isSealed = entries.every((entry) => dialect !== 'openai' || canReturn(itemOf(entry)))
  const items: object[] = []
  for (const entry of entries) {
    const item = build(entry, message, ids, isSealed)
    if (item === undefined) return undefined
    if (item['type'] !== 'reasoning' || isSealed) items.push(item)
  }
  return items
}

/** Ids of the calls of a history that are sent as calls with free text instead of arguments. */
export function customCalls(
  messages: readonly Message[],
  dialect: ResponsesDialect,
): ReadonlySet<string> {
  const custom = new Set<string>()
  for (const message of messages) {
    if (message.role !== 'assistant') continue
    const entries = (entriesOf(message) ?? []).filter(
      (entry) => itemOf(entry)['type'] === 'custom_tool_call',
    )
    if (entries.length === 0) continue
    const ids = callsOf(message).map(({ callId }) => callId)
    if (replayed(message, ids, dialect) === undefined) continue
    for (const entry of entries) custom.add(ids[Number(entry['call'])]!)
  }
  return custom
}

function entriesOf({ opaque }: AssistantMessage): readonly Entry[] | undefined {
  if (opaque?.wire !== 'responses' || !isObject(opaque.value)) return undefined
  const entries = listAt(opaque.value, 'items').filter(isObject)
  return entries.length === 0 ? undefined : entries
}

function dialectOf({ opaque }: AssistantMessage): JsonValue | undefined {
  return isObject(opaque?.value) ? (opaque.value['dialect'] as JsonValue) : undefined
}

function itemOf(entry: Entry): Item {
  return objectAt(entry, 'item') ?? {}
}

/** OpenAI keeps nothing, so it knows reasoning again only by what it sealed. */
function canReturn(item: Item): boolean {
  return item['type'] !== 'reasoning' || textAt(item, 'encrypted_content') !== undefined
}

/** True when the entries stand for all text, refusal and calls of the message, each once. */
function holdsAll(message: AssistantMessage, entries: readonly Entry[], calls: number): boolean {
  const called = entries.filter((entry) => 'call' in entry).map((entry) => entry['call'])
  if (called.length !== calls || new Set(called).size !== calls) return false
  if (!called.every((call) => Number.isInteger(call) && Number(call) < calls)) return false
  return (['text', 'refusal'] as const).every((type) => {
    const spans = entries.map((entry) => spanOf(entry, type)).filter((span) => span[1] > 0)
    let end = 0
    for (const [from, length] of spans.toSorted((a, b) => a[0] - b[0])) {
      if (from !== end) return false
      end += length
    }
    return end === textOf(message, type).length
  })
}

function spanOf(entry: Entry, type: 'text' | 'refusal'): readonly [number, number] {
  const [from, length] = listAt(entry, type)
  const isSpan = Number.isInteger(from) && Number.isInteger(length)
  return isSpan ? [Number(from), Number(length)] : [0, 0]
}

/** One item; undefined for what cannot be sent back, and for what a stored history must not claim. */
function build(
  entry: Entry,
  message: AssistantMessage,
  ids: readonly string[],
  isSealed: boolean,
): Item | undefined {
  const item = { ...itemOf(entry) }
  const { type } = item
  // without its reasoning an item is only accepted as one that the provider never saw
  if (!isSealed || (textAt(item, 'id')?.length ?? 0) > maxIdLength) delete item['id']
  if (type === 'message') return buildMessage(entry, item, message)
  if (type === 'function_call' || type === 'custom_tool_call') {
    const number = Number(entry['call'])
    const call = callsOf(message)[number]!
    const input =
      type === 'function_call' ? { arguments: argumentsOf(call) } : { input: call.arguments }
    return { ...item, call_id: ids[number]!, name: toHistoryName(call.tool), ...input }
  }
  if (type === 'image_generation_call') {
    const pictures = message.content.filter((part) => part.type === 'image')
    const picture = pictures[Number(entry['picture'])]
    return picture === undefined ? undefined : { ...item, result: resultOf(picture.url) }
  }
  const isWhole = type === 'reasoning' || (typeof type === 'string' && isProviderTool(type))
  return isWhole ? item : undefined
}

function buildMessage(entry: Entry, item: Item, message: AssistantMessage): Item {
  const cut = (type: 'text' | 'refusal'): string => {
    const [from, length] = spanOf(entry, type)
    return textOf(message, type).slice(from, from + length)
  }
  const [text, refusal] = [cut('text'), cut('refusal')]
  const { id, phase } = item
  // the form with typed parts needs the id the provider gave
  if (typeof id !== 'string' || id === '') {
    const content = text + refusal
    return { role: 'assistant', content, ...(typeof phase === 'string' ? { phase } : {}) }
  }
  return {
    status: 'completed',
    ...item,
    role: 'assistant',
    content: [
      ...(text === '' ? [] : [{ type: 'output_text', text, annotations: [] }]),
      ...(refusal === '' ? [] : [{ type: 'refusal', refusal }]),
    ],
  }
}

/** The text of the parts of a type, joined. */
export function textOf(message: AssistantMessage, type: 'text' | 'refusal'): string {
  return message.content.map((part) => (part.type === type ? part.text : '')).join('')
}
