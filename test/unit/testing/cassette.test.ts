import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import { Player } from '../../../src/testing/cassette-player.ts'
import { cassette, type Cassette, type CassetteOptions } from '../../../src/testing/cassette.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { agentOf, allowing, finish, toolOf, user } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

const servers: { close(): unknown }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** An endpoint that answers as it likes; its base URL. */
async function endpoint(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`
}

function tapeFile(): string {
  return join(temporaryFolder(), 'tapes/tape.json')
}

async function runOver(tape: Cassette, prompt = 'go'): Promise<Awaited<ReturnType<typeof finish>>> {
  const model = openaiCompatible({
    baseUrl: tape.baseUrl,
    model: 'fake',
    apiKey: 'key-of-this-test',
    retry: { attempts: 1 },
  })
  const { runtime } = agentOf([], { tools: [toolOf('act')], policy: allowing('act'), model })
  return finish(runtime.run({ input: prompt, auth: { custom: user } }))
}

const turns = [{ calls: [{ tool: 'act', args: { a: 1 } }] }, { text: 'done wäll' }]

/** A tape of two turns. */
async function recorded(): Promise<string> {
  const file = tapeFile()
  await using provider = await fakeProvider({ turns })
  const tape = await cassette({ file, mode: 'record', upstream: provider.baseUrl })
  const { result } = await runOver(tape)
  expect(result.text).toBe('done wäll')
  await tape.close()
  return file
}

describe('traffic that was recorded', () => {
  test('is replayed without the endpoint, and makes the same run', async () => {
    const file = await recorded()
    const tape = await cassette({ file })
    const { result, recorded: events } = await runOver(tape)
    expect(result).toMatchObject({ status: 'completed', text: 'done wäll' })
    expect(events.map(({ type }) => type)).toContain('tool-result')
    await tape.close()
  })

  test('is no answer to another request, and says where it differs', async () => {
    const file = await recorded()
    const tape = await cassette({ file })
    const { result } = await runOver(tape, 'go on')
    expect(result.status).toBe('error')
    expect(result.error?.message).toMatch(
      /it holds no answer to this POST \/v1\/chat\/completions; .* differs at `\/messages\/\d\/content`/,
    )
    await expect(tape.close()).rejects.toMatchObject({
      code: 'bad-cassette',
      message: expect.stringMatching(/does not fit: it holds no answer/),
    })
  })

  test('says where another request differs as the pointer that lets it', () => {
    const asked = { method: 'POST', path: '/v1/x', request: { metadata: { 'a/b': 1 } } }
    const exchange = { ...asked, status: 200, headers: {}, response: 'yes' }
    const tape = { cassette: 1, upstream: 'https://api.example/v1', exchanges: [exchange] } as const
    const other = { ...asked, request: { metadata: { 'a/b': 2 } } }
    const { response } = new Player('tape.json', tape, []).answer(other)
    const pointer = /differs at `([^`]+)`/.exec(response)![1]!
    expect(pointer).toBe('/metadata/a~1b')
    expect(new Player('tape.json', tape, [pointer]).answer(other).response).toBe('yes')
  })

  test('may differ where it is said to', async () => {
    const file = await recorded()
    const tape = await cassette({ file, ignore: ['/messages/*/content'] })
    const { result } = await runOver(tape, 'go on')
    expect(result.text).toBe('done wäll')
    await tape.close()
  })

  test('answers each request once', async () => {
    const file = await recorded()
    const tape = await cassette({ file })
    await runOver(tape)
    const { result } = await runOver(tape)
    expect(result.error?.message).toMatch(/it holds no more answers to POST/)
    await expect(tape.close()).rejects.toMatchObject({ code: 'bad-cassette' })
  })

  test('has to be asked for, all of it', async () => {
    const file = await recorded()
    const tape = await cassette({ file })
    await expect(tape.close()).rejects.toMatchObject({
      message: expect.stringMatching(/holds 2 answers that nobody asked for/),
    })
  })

  test('keeps what an endpoint refused', async () => {
    const file = tapeFile()
    const upstream = await endpoint((_, response) =>
      response.writeHead(429, { 'retry-after': '0' }).end('{}'),
    )
    const tape = await cassette({ file, mode: 'record', upstream })
    expect((await fetch(`${tape.baseUrl}/models`)).status).toBe(429)
    await tape.close()
    await using again = await cassette({ file, upstream })
    const answer = await fetch(`${again.baseUrl}/models`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '0'])
  })
})

const secrets = {
  bearer: 'planted-bearer-4711',
  header: 'planted-header-4712',
  query: 'planted-query-4713',
  cookie: 'planted-cookie-4714',
  member: 'planted-member-4715',
  named: 'planted "named" 4716',
  answered: `sk-ant-api03-${'a1B2'.repeat(20)}`,
}

/** Asks with secrets in all places. */
async function ask(tape: Cassette): Promise<Response> {
  return fetch(`${tape.baseUrl}/chat?key=${secrets.query}&q=1`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${secrets.bearer}`,
      'x-api-key': secrets.header,
      cookie: `session=${secrets.cookie}; theme=dark`,
      'openai-organization': 'org-planted',
    },
    body: JSON.stringify({ api_key: secrets.member, prompt: `I am ${secrets.named}` }),
  })
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
    encodeURIComponent(secret),
  ]
}

describe('planted secrets', () => {
  test('are nowhere in what is kept, in any form', async () => {
    const file = tapeFile()
    const upstream = await endpoint((_, response) => {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'set-cookie': 'planted=cookie-4717',
        'x-request-id': 'planted-request',
      })
      const all = Object.values(secrets)
      for (const each of all)
        response.write(`data: ${JSON.stringify({ said: `you sent ${each}` })}\n\n`)
      for (const each of all.flatMap(formsOf)) response.write(`: ${each}\n`)
      response.write(
        `data: ${JSON.stringify({ inner: JSON.stringify({ key: secrets.named }) })}\n\n`,
      )
      response.end(`data: "${secrets.bearer.replace('p', '\\u0070')}"\n\n`)
    })
    const options: CassetteOptions = { file, upstream, secrets: [secrets.named] }
    const tape = await cassette({ ...options, mode: 'record' })
    // who asks gets the answer as it is
    expect(await (await ask(tape)).text()).toContain(secrets.bearer)
    await tape.close()
    const kept = readFileSync(file, 'utf8')
    expect(kept).toContain('you sent [redacted]')
    expect(kept).not.toMatch(/planted|4717|org-/)
    for (const form of Object.values(secrets).flatMap(formsOf)) expect(kept).not.toContain(form)
    // and the cleaned traffic still is the answer to the same question
    await using again = await cassette(options)
    expect((await ask(again)).status).toBe(200)
  })

  test('that come in parts of an answer keep the tape from being written', async () => {
    const file = tapeFile()
    const upstream = await endpoint((_, response) => {
      const parts = ['planted-', 'bearer', '-4711']
      response.end(
        parts.map((content) => `data: ${JSON.stringify({ delta: { content } })}\n\n`).join(''),
      )
    })
    const tape = await cassette({ file, mode: 'record', upstream })
    await (await ask(tape)).text()
    await expect(tape.close()).rejects.toMatchObject({
      code: 'bad-cassette',
      message: expect.stringMatching(/a secret comes in several parts/),
    })
    expect(existsSync(file)).toBe(false)
  })

  test('that are learned later are taken out of what was said before', async () => {
    const file = tapeFile()
    const upstream = await endpoint((_, response) => response.end(`{"next":"${secrets.bearer}"}`))
    const tape = await cassette({ file, mode: 'record', upstream })
    await (await fetch(`${tape.baseUrl}/first`)).text()
    await (await ask(tape)).text()
    await tape.close()
    expect(readFileSync(file, 'utf8')).not.toContain(secrets.bearer)
  })
})

describe('a cassette', () => {
  test('passes nothing on to another host', async () => {
    let reached = false
    const other = await endpoint((_, response) => {
      reached = true
      response.end()
    })
    const upstream = await endpoint((_, response) => response.end('{}'))
    const tape = await cassette({ file: tapeFile(), mode: 'record', upstream })
    const { host } = new URL(other)
    for (const path of [`http://${host}/x`, `//${host}/x`, `/\\${host}/x`]) {
      expect(await rawStatus(tape.baseUrl, path)).toBeGreaterThanOrEqual(400)
    }
    expect(reached).toBe(false)
    await expect(tape.close()).rejects.toMatchObject({ code: 'bad-cassette' })
  })

  test('passes on what comes while it comes', async () => {
    const parts = Promise.withResolvers<void>()
    const upstream = await endpoint((_, response) => {
      response.write('first')
      void parts.promise.then(() => response.end(' second'))
    })
    await using tape = await cassette({ file: tapeFile(), mode: 'record', upstream })
    const { body } = await fetch(`${tape.baseUrl}/stream`)
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toBe('first')
    parts.resolve()
    expect((await reader.read()).value).toBe(' second')
    expect((await reader.read()).done).toBe(true)
  })

  test('is not written over an endpoint that cannot be reached', async () => {
    const file = tapeFile()
    const tape = await cassette({ file, mode: 'record', upstream: 'http://127.0.0.1:1/v1' })
    expect((await fetch(`${tape.baseUrl}/models`)).status).toBe(502)
    await expect(tape.close()).rejects.toMatchObject({ code: 'bad-cassette' })
    expect(existsSync(file)).toBe(false)
  })

  test.each<[string, CassetteOptions, string]>([
    ['has no file', { file: '/not/there.json' }, 'bad-file'],
    ['is of another endpoint', { file: 'tape', upstream: 'http://a.example/v1' }, 'bad-cassette'],
    ['is to record from nowhere', { file: 'x', mode: 'record' }, 'bad-option'],
    ...['http://:pass@a.example/v1', 'http://a.example/?api_key=k', 'http://a.example/#k'].map(
      (upstream): [string, CassetteOptions, string] => [
        `would tell the file what stands in ${upstream}`,
        { file: 'x', mode: 'record', upstream },
        'bad-option',
      ],
    ),
    ['has a secret too short to be found', { file: 'x', secrets: ['key'] }, 'bad-option'],
    ['is to be rewound', { file: 'x', mode: 'rewind' as 'record' }, 'bad-option'],
    ['has unknown options', { file: 'x', secret: [] } as CassetteOptions, 'bad-option'],
  ])('is refused when it %s', async (_, options, code) => {
    const file = options.file === 'tape' ? await recorded() : options.file
    await expect(cassette({ ...options, file })).rejects.toMatchObject({ code })
  })

  test.each(['', '{}', '{"cassette":1,"upstream":"http://a.example","exchanges":[{}]}'])(
    'is refused when its file holds %s',
    async (text) => {
      const file = join(temporaryFolder(), 'tape.json')
      writeFileSync(file, text)
      await expect(cassette({ file })).rejects.toMatchObject({ code: 'bad-cassette' })
    },
  )
})

test.each([
  ['a status', { status: 99 }],
  ['a header', { headers: { 'x-a': 'a\nb' } }],
])('an altered file with %s that cannot be sent refuses what asks for it', async (_, change) => {
  const file = tapeFile()
  const upstream = await endpoint((_request, response) => response.end('{}'))
  const recording = await cassette({ file, mode: 'record', upstream })
  await fetch(`${recording.baseUrl}/models`)
  await recording.close()
  const tape = JSON.parse(readFileSync(file, 'utf8')) as { exchanges: object[] }
  const exchanges = tape.exchanges.map((exchange) => ({ ...exchange, ...change }))
  writeFileSync(file, JSON.stringify({ ...tape, exchanges }))
  const altered = await cassette({ file })
  expect((await fetch(`${altered.baseUrl}/models`)).status).toBe(400)
  await expect(altered.close()).rejects.toMatchObject({ code: 'bad-cassette' })
})

test('a request that nobody can read while it is recorded is refused', async () => {
  const upstream = await endpoint((_request, response) => response.end('{}'))
  const tape = await cassette({ file: tapeFile(), mode: 'record', upstream })
  const body = '['.repeat(200_000) + ']'.repeat(200_000)
  const asked = await fetch(`${tape.baseUrl}/models`, { method: 'POST', body })
  expect(asked.status).toBe(400)
  await expect(tape.close()).rejects.toMatchObject({ code: 'bad-cassette' })
})

/** Asks with a path as it is, which `fetch` would normalise. */
async function rawStatus(baseUrl: string, path: string): Promise<number> {
  const { connect } = await import('node:net')
  const { hostname, port } = new URL(baseUrl)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', reject)
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])))
  })
}
