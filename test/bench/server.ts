// The provider of the benchmark, a process of its own: Chat Completions over HTTP/1.1. The model
// name in the request is the scenario. It answers by counting the tool results in the request and
// refuses a request that is not the next turn of that scenario.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { scenarios, type BenchCall, type BenchTurn, type Scenario } from './scenarios.ts'

interface RequestMessage {
  readonly role: string
  readonly content?: unknown
  readonly tool_call_id?: string
}

interface ServedTurn {
  /** Calls that must have been answered before this turn, in order. */
  readonly answered: readonly BenchCall[]
  readonly body: Buffer
}

const served = new Map<string, readonly ServedTurn[]>()

/** The turns of a scenario, built at its first request: the largest body has 90 MB. */
function turnsOf(model: string): readonly ServedTurn[] | undefined {
  let turns = served.get(model)
  if (turns === undefined) {
    const scenario = scenarios.find(({ id }) => id === model)
    if (scenario === undefined) return undefined
    const answered: BenchCall[] = []
    turns = scenario.turns().map((turn, index) => {
      const before = [...answered]
      answered.push(...turn.calls)
      return { answered: before, body: encode(scenario, index, turn) }
    })
    served.set(model, turns)
  }
  return turns
}

/** Every event is an HTTP chunk of its own, as providers flush them; one buffer holds them all. */
function encode({ id: model, padded }: Scenario, index: number, turn: BenchTurn): Buffer {
  const head = `{"id":"gen-1763690000-Zk3v9QxT${index}mWb4LrYc","provider":"Bench","model":"${model}","object":"chat.completion.chunk","created":1763690000,`
  const chunks: string[] = []
  const add = (data: string): void => {
    const event = `data: ${data}\n\n`
    chunks.push(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`)
  }
  const delta = (value: object, finish: string | null = null): void =>
    add(
      `${head}"choices":[{"index":0,"delta":${JSON.stringify(value)},"finish_reason":${JSON.stringify(finish)},"native_finish_reason":${JSON.stringify(finish)},"logprobs":null}],"system_fingerprint":null${padded === true ? `,"obfuscation":"${padding(chunks.length)}"` : ''}}`,
    )
  delta({ role: 'assistant', content: '' })
  for (const content of turn.text) delta({ content })
  for (const [at, call] of turn.calls.entries()) {
    const start = { name: call.tool, arguments: '' }
    delta({ tool_calls: [{ index: at, id: call.id, type: 'function', function: start }] })
    for (const fragment of call.argumentFragments) {
      delta({ tool_calls: [{ index: at, function: { arguments: fragment } }] })
    }
  }
  delta({ content: '' }, turn.calls.length > 0 ? 'tool_calls' : 'stop')
  add(
    `${head}"choices":[],"usage":{"prompt_tokens":120,"completion_tokens":60,"total_tokens":180,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`,
  )
  add('[DONE]')
  return Buffer.from(`${chunks.join('')}0\r\n\r\n`)
}

/** Letters of changing number, as a provider hides the length of a delta. */
function padding(at: number): string {
  return (at * 2_654_435_761)
    .toString(36)
    .padStart(16, 'k')
    .slice(0, 4 + (at % 12))
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const { model, stream, tools, messages } = JSON.parse(Buffer.concat(parts).toString()) as {
    model: string
    stream?: boolean
    tools?: unknown[]
    messages: RequestMessage[]
  }
  const results = messages.filter(({ role }) => role === 'tool')
  const turn = turnsOf(model)?.find(({ answered }) => answered.length === results.length)
  const wrong =
    request.url !== '/v1/chat/completions'
      ? `nothing is served at ${request.url}`
      : stream !== true || tools?.length !== 2
        ? 'a streamed request with both tools is expected'
        : turn === undefined
          ? `\`${model}\` has no turn after ${results.length} results`
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

function answers(result: RequestMessage, call: BenchCall): boolean {
  return result.tool_call_id === call.id && JSON.stringify(result.content).includes(call.proof)
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
