// The provider of the benchmark, a process of its own: Chat Completions over HTTP/1.1, and
// Responses for who speaks nothing else. The model name in the request is the scenario. It answers
// by counting the tool results in the request and refuses a request that is not the next turn of
// that scenario.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { chatBody, responsesBody } from './bodies.ts'
import { scenarios, type BenchCall } from './scenarios.ts'

interface RequestBody {
  readonly model: string
  readonly stream?: boolean
  readonly tools?: readonly unknown[]
  /** Of Chat Completions. */
  readonly messages?: readonly {
    readonly role: string
    readonly content?: unknown
    readonly tool_call_id?: string
  }[]
  /** Of Responses. */
  readonly input?:
    | string
    | readonly { readonly type?: string; readonly call_id?: string; readonly output?: unknown }[]
}

interface ToolResult {
  readonly callId: string | undefined
  readonly content: unknown
}

/** How a wire names its place, writes its answers and returns results. */
const wires = {
  '/v1/chat/completions': {
    encode: chatBody,
    results: ({ messages = [] }: RequestBody): ToolResult[] =>
      messages
        .filter(({ role }) => role === 'tool')
        .map(({ tool_call_id: callId, content }) => ({ callId, content })),
  },
  '/v1/responses': {
    encode: responsesBody,
    results: ({ input = [] }: RequestBody): ToolResult[] =>
      typeof input === 'string'
        ? []
        : input
            .filter(({ type }) => type === 'function_call_output')
            .map(({ call_id: callId, output }) => ({ callId, content: output })),
  },
}
type Path = keyof typeof wires

interface ServedTurn {
  /** Calls that must have been answered before this turn, in order. */
  readonly answered: readonly BenchCall[]
  readonly body: Buffer
}

const served = new Map<string, readonly ServedTurn[]>()

/** The turns of a scenario, built at its first request: the largest body has 90 MB. */
function turnsOf(path: Path, model: string): readonly ServedTurn[] | undefined {
  const key = `${path} ${model}`
  let turns = served.get(key)
  if (turns === undefined) {
    const scenario = scenarios.find(({ id }) => id === model)
    if (scenario === undefined) return undefined
    const answered: BenchCall[] = []
    turns = scenario.turns().map((turn, index) => {
      const before = [...answered]
      answered.push(...turn.calls)
      return { answered: before, body: wires[path].encode(scenario, index, turn) }
    })
    served.set(key, turns)
  }
  return turns
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const body = JSON.parse(Buffer.concat(parts).toString()) as RequestBody
  const path = request.url as Path
  const results = wires[path]?.results(body) ?? []
  const turn = Object.hasOwn(wires, path)
    ? turnsOf(path, body.model)?.find(({ answered }) => answered.length === results.length)
    : undefined
  const wrong =
    body.stream !== true || body.tools?.length !== 2
      ? 'a streamed request with both tools is expected'
      : turn === undefined
        ? `\`${body.model}\` has no turn after ${results.length} results at ${request.url}`
        : turn.answered.find((call, at) => !answers(results[at]!, call))
  if (wrong !== undefined || turn === undefined) {
    const message = typeof wrong === 'string' ? wrong : `wrong answer to ${wrong?.id}`
    response.writeHead(400, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message } }))
    return
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'transfer-encoding': 'chunked',
  })
  // the body carries its own chunk framing
  response.chunkedEncoding = false
  response.end(turn.body)
}

function answers({ callId, content }: ToolResult, { id, proof }: BenchCall): boolean {
  return callId === id && JSON.stringify(content).includes(proof)
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.destroy(error instanceof Error ? error : undefined)
  })
})
// longer than any pause of a contestant, so that nobody pays for new connections
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
process.on('disconnect', () => process.exit())
