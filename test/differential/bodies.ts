// Part of `npm run differential`: bodies of our requests against the types that the official clients
// publish. Every recorded answer is read, sent back with results of its calls, and what is sent
// has to be what the types allow.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { JsonValue } from '../../src/base/json.ts'
import { TurnAssembler } from '../../src/protocol/assemble.ts'
import type { AssistantMessage, Message, ToolMessage } from '../../src/protocol/message.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import { anthropicCodec } from '../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../src/wire/responses/codec.ts'
import { defaultBounds } from '../../src/wire/settings.ts'
import { SseReader } from '../../src/wire/sse.ts'
import type { WireCodec } from '../../src/wire/wire.ts'
import type { WireName } from './client.ts'
import { readFixtures, type Fixture } from './fixtures.ts'

/** How a wire is written, and the types its bodies have to be of. */
interface Wire {
  readonly codec: WireCodec
  readonly model: string
  typeOf(body: string): string
}

/** Blocks of features in preview are in the types of those only. */
const preview = /"type":"(mcp_|advisor_|compaction|fallback)/

const wires: Readonly<Record<WireName, Wire>> = {
  chat: {
    codec: chatCodec({ dialect: 'openai' }),
    model: 'gpt-5.4',
    typeOf: () => 'Chat.ChatCompletionCreateParamsStreaming',
  },
  responses: {
    codec: responsesCodec({ dialect: 'openai' }),
    model: 'gpt-5.4',
    typeOf: () => 'Responses.ResponseCreateParamsStreaming',
  },
  anthropic: {
    codec: anthropicCodec({ cache: '1h' }),
    model: 'claude-sonnet-5',
    typeOf: (body) => `${preview.test(body) ? 'Preview' : 'Body'}.MessageCreateParamsStreaming`,
  },
}
const go: Message = { role: 'user', content: 'go' }
const tools = [
  { name: 'files.read', description: 'reads', input: { type: 'object', properties: {} } },
]

/** What the types of Messages have no longer. */
const sampling: ModelRequest = {
  messages: [go],
  tools: [],
  settings: { temperature: 0.5, topP: 0.9, reasoning: { effort: 'low' } },
}

/** Requests that use all that wires have. */
const built: Readonly<Record<string, ModelRequest>> = {
  everything: {
    messages: [
      { role: 'system', content: 'be kind' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image', url: 'https://x.example/i.png' },
          { type: 'image', url: 'data:image/png;base64,iVBO' },
          { type: 'file', name: 'a.pdf', url: 'data:application/pdf;base64,JVBE' },
          { type: 'file', name: 'a.txt', url: 'data:text/plain,hello' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'elsewhere' },
          { type: 'refusal', text: 'no' },
          callOf('a', '{"x":1}'),
          callOf('b', '{"x":'),
        ],
      },
      resultOf('a', 'ok', false),
      resultOf('b', '', true),
    ],
    tools,
    toolChoice: 'required',
    output: { type: 'json-schema', name: 'x', schema: { type: 'object' } },
    settings: { maxOutputTokens: 5000, parallelToolCalls: false },
  },
  thinking: { messages: [go], tools, settings: { reasoning: { effort: 'xhigh', exclude: true } } },
  budget: { messages: [go], tools, settings: { reasoning: { maxTokens: 2000 } } },
  forced: { messages: [go], tools, toolChoice: { tool: 'files.read' } },
  choice: { messages: [go], tools, toolChoice: 'none' },
  object: { messages: [go], tools: [], output: { type: 'json' } },
  without: { messages: [go], tools: [], settings: { reasoning: { effort: 'none' } } },
}

function callOf(callId: string, text: string): AssistantMessage['content'][number] {
  return { type: 'tool-call', callId, providerId: '', tool: 'files.read', arguments: text }
}

function resultOf(callId: string, content: string, isError: boolean): ToolMessage {
  return { role: 'tool', callId, providerId: '', tool: 'files.read', content, isError }
}

/** What is asked after the answer, with results of its calls; undefined for one that failed. */
function continued(fixture: Fixture): ModelRequest | undefined {
  const { codec } = wires[fixture.wire]
  const decoder = codec.decoder({ messages: [go], tools: [] }, defaultBounds, false)
  const reader = new SseReader(defaultBounds.maxEventLength, (data, name) =>
    decoder.push(data, name),
  )
  if (fixture.type.startsWith('application/json')) decoder.pushBody(String(fixture.body))
  else reader.push(fixture.body)
  decoder.finish()
  const assembler = new TurnAssembler()
  for (const event of decoder.events) assembler.add(event)
  const { error, text, reasoning, refusal, calls, opaque } = assembler.finish()
  if (error !== undefined) return undefined
  const answer: AssistantMessage = {
    role: 'assistant',
    content: [
      { type: 'reasoning', text: reasoning },
      { type: 'text', text },
      { type: 'refusal', text: refusal ?? '' },
      ...calls.map((call, at): AssistantMessage['content'][number] => ({
        type: 'tool-call',
        callId: `run-1-${at}`,
        ...call,
      })),
    ],
    ...(opaque === undefined ? {} : { opaque }),
  }
  const results = calls.map((_, at) => resultOf(`run-1-${at}`, 'ok', at % 2 === 1))
  return { messages: [go, answer, ...results], tools: [] }
}

/**
 * Hosts may add members of their own to what they send, which is sent back to them unchanged; the
 * type of a parameter lets them pass, that of a constant does not.
 */
function declaration(name: string, wire: WireName, request: ModelRequest, isHosts = false): string {
  const { codec, model, typeOf } = wires[wire]
  const body = codec.encode(request, { model, stream: true })
  const type = typeOf(body)
  const constant = `export const ${wire}_${name.replaceAll('-', '_')}`
  return isHosts
    ? `${constant} = (<T extends ${type}>(body: T) => body)(${body})\n`
    : `${constant}: ${type} = ${body}\n`
}

/** Answers with items that only their host has. */
const ofHost: ReadonlySet<string> = new Set(['xai-resp-websearch'])

const declarations: string[] = [
  declaration('sampling', 'chat', sampling),
  declaration('sampling', 'responses', sampling),
]
for (const wire of Object.keys(wires) as WireName[]) {
  for (const [name, request] of Object.entries(built)) {
    declarations.push(declaration(name, wire, request))
  }
}
for (const { name, wire, ...fixture } of readFixtures()) {
  const request = fixture.status === 200 ? continued({ name, wire, ...fixture }) : undefined
  if (request === undefined || ofHost.has(name)) continue
  const isHosts = wire !== 'anthropic' && !name.startsWith('oai-')
  declarations.push(declaration(name, wire, request, isHosts))
}

const folder = fileURLToPath(new URL('node_modules/.bodies/', import.meta.url))
const settings: JsonValue = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: 'nodenext',
    target: 'esnext',
    types: [],
  },
  files: ['bodies.ts'],
}
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
writeFileSync(`${folder}package.json`, '{"type":"module"}')
writeFileSync(`${folder}tsconfig.json`, JSON.stringify(settings))
writeFileSync(
  `${folder}bodies.ts`,
  `import type * as Body from '@anthropic-ai/sdk/resources/messages'
import type * as Preview from '@anthropic-ai/sdk/resources/beta/messages'
import type * as Chat from 'openai/resources/chat/completions'
import type * as Responses from 'openai/resources/responses/responses'
${declarations.join('')}`,
)
execFileSync(
  fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url)),
  ['-p', folder],
  { stdio: 'inherit' },
)
console.log(`${declarations.length} bodies are what the types of the clients allow`)
