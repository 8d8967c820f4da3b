import type { JsonObject } from '../../base/json.ts'
import type { Message } from '../../protocol/message.ts'
import type { ModelRequest, OutputFormat } from '../../protocol/request.ts'
import { callsOf } from '../history.ts'
import { toHistoryName, toolNaming } from '../names.ts'
import { writeMessages } from './encode.ts'
import type { CacheTime } from './options.ts'
import { inOrder } from './transcript.ts'

export const toolNames = toolNaming(({ description, input }, name) => ({
  name,
  description,
  input_schema: input,
}))

/**
 * The members of a body that say what is talked about, as JSON text: `system`, `messages` and
 * `tools`. With a cache time, all that is sent again with the next request is marked: tools and
 * instructions, and the conversation so far.
 */
export function writeTalk(request: ModelRequest, cache: CacheTime | undefined): string {
  const { messages, output } = request
  const instructions = messages.filter((message) => message.role === 'system')
  const spoken = inOrder(messages)
  const { texts } = writeMessages([...instructions, ...spoken])
  const system = [...texts.slice(0, instructions.length), ...outputInstruction(output)]
  const tools = toolsOf(request)
  const written = system.filter((text) => text !== '').join(',')
  const markedTools = written === '' ? marked(tools, cache) : tools
  return [
    ...(written === '' ? [] : [`"system":[${marked(written, cache)}]`]),
    `"messages":[${sides(spoken, texts.slice(instructions.length), cache).join(',')}]`,
    ...(tools === '' ? [] : [`"tools":[${markedTools}]`]),
  ].join(',')
}

/** Messages as the wire has them: the sides take turns, so what one says in a row is one message. */
function sides(
  messages: readonly Message[],
  texts: readonly string[],
  cache: CacheTime | undefined,
): readonly string[] {
  const sayings: { readonly role: 'user' | 'assistant'; readonly blocks: string[] }[] = []
  for (const [at, message] of messages.entries()) {
    const text = texts[at]!
    if (text === '') continue
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const last = sayings.at(-1)
    if (last?.role === role) last.blocks.push(text)
    else sayings.push({ role, blocks: [text] })
  }
  return sayings.map(({ role, blocks }, at) => {
    const content = blocks.join(',')
    const isLast = at === sayings.length - 1 && role === 'user'
    return `{"role":"${role}","content":[${isLast ? marked(content, cache) : content}]}`
  })
}

/** The last of the joined objects with a mark up to which the provider may cache. */
function marked(objects: string, time: CacheTime | undefined): string {
  if (time === undefined || objects === '') return objects
  const ttl = time === '5m' ? '' : `,"ttl":"${time}"`
  return `${objects.slice(0, -1)},"cache_control":{"type":"ephemeral"${ttl}}}`
}

/**
 * The tools, without the brackets of their list. A history with calls needs some, so without tools
 * the called ones are named, which the model is then not allowed to call.
 */
function toolsOf({ tools, messages }: ModelRequest): string {
  if (tools.length > 0) return toolNames(tools).json.slice(1, -1)
  return [...calledTools(messages)]
    .map((name) => JSON.stringify({ name, input_schema: { type: 'object' } }))
    .join(',')
}

/** The names of the tools that a history calls. */
export function calledTools(messages: readonly Message[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const message of messages) {
    if (message.role !== 'assistant') continue
    for (const { tool } of callsOf(message)) names.add(toHistoryName(tool))
  }
  return names
}

/** The wire has no member for output that need not follow a schema, so that it is asked for in words. */
function outputInstruction(output: OutputFormat | undefined): readonly string[] {
  if (output === undefined || strictSchema(output) !== undefined) return []
  const schema =
    output.type === 'json' ? '' : ` of this JSON Schema: ${JSON.stringify(output.schema)}`
  const text = `Answer with one JSON object and nothing else${schema && `, an instance${schema}`}.`
  return [JSON.stringify({ type: 'text', text })]
}

/** The schema that the provider can hold the model to. */
export function strictSchema(output: OutputFormat | undefined): JsonObject | undefined {
  return output?.type === 'json-schema' && output.strict !== false ? output.schema : undefined
}
