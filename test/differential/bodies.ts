// Part of `npm run differential`: bodies of our requests against the types that the official client
// publishes. Every recorded answer is read, sent back with results of its calls, and what is sent
// has to be what the types allow.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { JsonValue } from '../../src/base/json.ts'
import { TurnAssembler } from '../../src/protocol/assemble.ts'
import type { AssistantMessage, Message, ToolMessage } from '../../src/protocol/message.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import { anthropicCodec } from '../../src/wire/anthropic/codec.ts'
import { defaultBounds } from '../../src/wire/settings.ts'
import { SseReader } from '../../src/wire/sse.ts'
import { readFixtures, type Fixture } from './fixtures.ts'

const codec = anthropicCodec({ cache: '1h' })
const go: Message = { role: 'user', content: 'go' }
const tools = [
  { name: 'files.read', description: 'reads', input: { type: 'object', properties: {} } },
]

/** Requests that use all the wire has. */
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
    settings: { stop: ['X'], parallelToolCalls: false },
  },
  thinking: { messages: [go], tools, settings: { reasoning: { effort: 'xhigh', exclude: true } } },
  budget: { messages: [go], tools, settings: { reasoning: { maxTokens: 2000 } } },
  forced: { messages: [go], tools, toolChoice: { tool: 'files.read' } },
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
  const request: ModelRequest = { messages: [go], tools: [] }
  const decoder = codec.decoder(request, defaultBounds, false)
  const reader = new SseReader(defaultBounds.maxEventLength, (data, name) =>
    decoder.push(data, name),
  )
  reader.push(fixture.body)
  decoder.finish()
  const assembler = new TurnAssembler()
  for (const event of decoder.events) assembler.add(event)
  const { error, text, reasoning, calls, opaque } = assembler.finish()
  if (error !== undefined) return undefined
  const answer: AssistantMessage = {
    role: 'assistant',
    content: [
      { type: 'reasoning', text: reasoning },
      { type: 'text', text },
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

/** Blocks of features in preview are in the types of those only. */
const preview = /"type":"(mcp_|advisor_|compaction|fallback)/

function declaration(name: string, request: ModelRequest): string {
  const body = codec.encode(request, { model: 'claude-sonnet-5', stream: true })
  const type = preview.test(body) ? 'Preview' : 'Body'
  return `export const ${name}: ${type}.MessageCreateParamsStreaming = ${body}\n`
}

const requests: Record<string, ModelRequest> = { ...built }
for (const fixture of readFixtures().filter(({ wire }) => wire === 'anthropic')) {
  const request = continued(fixture)
  if (request !== undefined) requests[fixture.name.replaceAll('-', '_')] = request
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
${Object.entries(requests)
  .map(([name, request]) => declaration(name, request))
  .join('')}`,
)
execFileSync(
  fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url)),
  ['-p', folder],
  { stdio: 'inherit' },
)
console.log(`${Object.keys(requests).length} bodies are what the types of the client allow`)
