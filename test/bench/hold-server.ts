// Begins an answer over the wire that the path names, and holds it unless `whole` is the model.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { wireAnswer, wireNames } from './wire-answers.ts'

const deltas = 40
const answers = new Map(
  wireNames.map((wire) => {
    const { text } = wireAnswer(wire, 'text', deltas)
    const middle = text.indexOf('\n\n', text.length / 2) + 2
    return [wire, { begin: text.slice(0, middle), rest: text.slice(middle) }]
  }),
)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const { model } = JSON.parse(Buffer.concat(parts).toString()) as { readonly model: string }
  const wire = wireNames.find((name) => request.url === paths[name])
  if (wire === undefined) throw new Error(`nothing is served at ${request.url}`)
  const { begin, rest } = answers.get(wire)!
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.write(begin)
  if (model === 'whole') response.end(rest)
}

const paths = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  anthropic: '/v1/messages',
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.destroy(error instanceof Error ? error : undefined)
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
process.on('disconnect', () => process.exit())
