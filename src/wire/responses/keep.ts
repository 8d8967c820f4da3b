import type { JsonObject, JsonValue } from '../../base/json.ts'
import type { Item } from './items.ts'

/**
 * Items of the provider's own tools. They are sent back as they came, because reasoning before them
 * is refused without them. Items that ask this side to run something are not among them: nobody
 * answers them.
 */
const providerTools: ReadonlySet<string> = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'mcp_call',
  'mcp_list_tools',
  'compaction',
])

export function isProviderTool(type: string): boolean {
  return providerTools.has(type) || type.startsWith('openrouter:')
}

/** Members of items that the message holds in its parts. */
const inParts: Readonly<Record<string, readonly string[]>> = {
  message: ['content'],
  function_call: ['arguments', 'call_id', 'name'],
  custom_tool_call: ['input', 'call_id', 'name'],
  image_generation_call: ['result'],
}

/** What has to be kept of an item besides what is in the parts of its message. */
export function restOf(whole: Record<string, unknown>): Record<string, unknown> | undefined {
  const type = String(whole['type'])
  if (type === 'reasoning' || isProviderTool(type)) return whole
  const members = Object.hasOwn(inParts, type) ? inParts[type] : undefined
  if (members === undefined) return undefined
  return Object.fromEntries(Object.entries(whole).filter(([key]) => !members.includes(key)))
}

/**
 * The items of a response as they have to be sent back: `item` in the provider's words, and for
 * what the parts of the message hold, where it is found there: `text` and `refusal` as offset and
 * length, `call` and `picture` as a number. Reasoning is kept only with what it led to.
 */
export function kept(items: readonly Item[]): readonly JsonObject[] {
  const entries: JsonObject[] = []
  let reasoning: JsonObject[] = []
  for (const item of items) {
    const rest = { type: item.type, ...item.rest } as Record<string, JsonValue>
    if (item.type === 'reasoning') {
      if (item.rest !== undefined) reasoning.push({ item: rest })
      continue
    }
    if (!isKept(item)) {
      reasoning = []
      continue
    }
    const found = partsOf(item)
    if (found === undefined) continue
    entries.push(...reasoning, { item: rest, ...found })
    reasoning = []
  }
  return entries
}

function isKept({ type }: Item): boolean {
  return Object.hasOwn(inParts, type) || isProviderTool(type)
}

/** Where the parts of the message hold the item; undefined when they hold nothing of it. */
function partsOf({ type, prose, refusal, call, picture, rest }: Item): JsonObject | undefined {
  if (call !== undefined) return call.slot === undefined ? undefined : { call: call.slot }
  if (type === 'image_generation_call') return picture === undefined ? undefined : { picture }
  if (prose === undefined || refusal === undefined) return rest === undefined ? undefined : {}
  if (prose.length === 0 && refusal.length === 0) return undefined
  return {
    ...(prose.length === 0 ? {} : { text: [prose.from, prose.length] }),
    ...(refusal.length === 0 ? {} : { refusal: [refusal.from, refusal.length] }),
  }
}
