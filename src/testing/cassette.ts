import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf, SallyportError } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import { shorten } from '../base/text.ts'
import { badCassette, readTape } from './cassette-file.ts'
import { Player, type Asked } from './cassette-player.ts'
import { Recorder, type RawRequest } from './cassette-recorder.ts'
import { Cleaner, parsed, secretsOf, shortestSecret } from './cassette-secrets.ts'

export interface CassetteOptions {
  /** Where the traffic is kept, as JSON. */
  readonly file: string
  /**
   * `replay` answers from the file and never connects to anything; `record` passes requests on to
   * the endpoint and writes the file anew when it is closed. Default `replay`.
   */
  readonly mode?: 'record' | 'replay'
  /** Base URL of the endpoint, as its clients take it. Required to record; must fit to replay. */
  readonly upstream?: string
  /** Secrets of 6 characters or more that the traffic may hold beside those it proves itself with. */
  readonly secrets?: readonly string[]
  /** JSON Pointers into request bodies, `*` for any member, that may differ. Default none. */
  readonly ignore?: readonly string[]
}

export interface Cassette extends AsyncDisposable {
  /** Base URL for clients, on 127.0.0.1, in place of that of the endpoint. */
  readonly baseUrl: string
  /**
   * Ends it. Recording: writes the file, unless something is missing or a secret would be in it.
   * Replaying: rejects when something was asked that was not recorded, or was not asked that was.
   */
  close(): Promise<void>
}

/** Longest body of a request, in bytes. */
const longestRequest = 64 * 1024 * 1024

/**
 * Traffic with a model provider, recorded once and replayed in tests, over real HTTP. What is kept
 * has no secrets: of headers only those that tell how to read a body; keys of headers, queries and
 * bodies, `secrets`, and whatever has the form of a well-known secret are replaced by `[redacted]`
 * wherever they occur. Each request is answered by the first recorded one of the same method, path
 * and body that was not used yet; any other gets status 400 with what differs.
 *
 * Throws `bad-option`, `bad-file`, and `bad-cassette` for a file that cannot be used.
 *
 * @example
 * ```ts
 * await using tape = await cassette({ file: 'test/refund.json', upstream: 'https://openrouter.ai/api/v1',
 *   mode: process.env['RECORD'] === undefined ? 'replay' : 'record' })
 * const model = openrouter({ baseUrl: tape.baseUrl, model: 'anthropic/claude-haiku-4.5' })
 * ```
 */
export async function cassette(options: CassetteOptions): Promise<Cassette> {
  checkOptions('cassette', options, ['file', 'mode', 'upstream', 'secrets', 'ignore'])
  const { file, mode = 'replay', secrets = [], ignore = [] } = options
  if (typeof file !== 'string' || file === '') throw badOption('`file` is not a path')
  if (mode !== 'record' && mode !== 'replay') throw badOption('`mode` is neither record nor replay')
  if (!isListOf(secrets, shortestSecret) || !isListOf(ignore, 0)) {
    throw badOption(
      '`secrets` or `ignore` is no list of texts, or a secret is too short to be found',
    )
  }
  const cleaner = new Cleaner()
  cleaner.learn(secrets)
  const given = options.upstream === undefined ? undefined : upstreamOf(options.upstream)
  return mode === 'record'
    ? record(file, given, cleaner)
    : replay(file, { upstream: given, ignore }, cleaner)
}

async function record(
  file: string,
  upstream: URL | undefined,
  cleaner: Cleaner,
): Promise<Cassette> {
  if (upstream === undefined) throw badOption('`upstream` is needed to record')
  const recorder = new Recorder(file, upstream, cleaner)
  return serve(
    { file, base: upstream.pathname },
    () => recorder.finish(),
    (raw, response) => recorder.pass(raw, askedOf(raw, cleaner), response),
  )
}

async function replay(
  file: string,
  { upstream, ignore }: { readonly upstream: URL | undefined; readonly ignore: readonly string[] },
  cleaner: Cleaner,
): Promise<Cassette> {
  const tape = await readTape(file)
  if (upstream !== undefined && cleaner.text(upstream.href) !== tape.upstream) {
    throw badCassette(file, `was recorded at \`${tape.upstream}\``, 'record it again')
  }
  const player = new Player(file, tape, ignore)
  return serve(
    { file, base: new URL(tape.upstream).pathname },
    async () => player.finish(),
    async (raw, response) => {
      const { status, headers, response: body } = player.answer(askedOf(raw, cleaner))
      response.writeHead(status, headers)
      response.end(body)
    },
  )
}

type Answer = (raw: RawRequest, response: ServerResponse) => Promise<void>

async function serve(
  { file, base }: { readonly file: string; readonly base: string },
  finish: () => Promise<void>,
  answer: Answer,
): Promise<Cassette> {
  let failure: SallyportError | undefined
  const server = createServer((incoming, response) => {
    response.on('error', ignoreIt)
    void readRequest(incoming).then(
      async (raw) => {
        try {
          await answer(raw, response)
        } catch (error) {
          failure ??= badCassette(
            file,
            `could not answer a request: ${shorten(messageOf(error), 200)}`,
            'see that requests and the file are as they were recorded',
          )
          refuse(response)
        }
      },
      () => refuse(response),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await finish()
      if (failure !== undefined) throw failure
    })()
    return closing
  }
  const { port } = server.address() as AddressInfo
  const baseUrl = `http://127.0.0.1:${port}${base.replace(/\/$/, '')}`
  return { baseUrl, close, [Symbol.asyncDispose]: close }
}

function ignoreIt(): void {}

function refuse(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(400).end()
}

async function readRequest(incoming: IncomingMessage): Promise<RawRequest> {
  const path = incoming.url ?? ''
  // in the form for proxies a request could name any host
  if (!path.startsWith('/') || path.startsWith('//')) throw new Error('no path')
  const parts: Buffer[] = []
  let length = 0
  for await (const part of incoming as AsyncIterable<Buffer>) {
    length += part.length
    if (length > longestRequest) throw new Error('too long')
    parts.push(part)
  }
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
  )
  return { method: incoming.method ?? '', path, headers, body: Buffer.concat(parts) }
}

/** The request as it is kept and looked up; its secrets are known from then on. */
function askedOf({ method, path, headers, body }: RawRequest, cleaner: Cleaner): Asked {
  const text = body.toString()
  cleaner.learn(secretsOf(headers, path, parsed(text)))
  const clean = cleaner.body(text)
  return { method, path: cleaner.text(path), request: parsed(clean) ?? clean }
}

function upstreamOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isEndpoint = url !== undefined && /^https?:$/.test(url.protocol)
  // the file tells where it was recorded: what stands in these parts may be secret
  const isBare = url?.username === '' && url.password === '' && !/[?#]/.test(url.href)
  if (isEndpoint && isBare) return url
  throw badOption('`upstream` is no URL of an endpoint, or has a user, a query or a fragment')
}

function isListOf(given: readonly string[], length: number): boolean {
  return (
    Array.isArray(given) && given.every((text) => typeof text === 'string' && text.length >= length)
  )
}

function badOption(message: string): SallyportError {
  return new SallyportError('bad-option', message, {
    help: 'see `CassetteOptions`: `file`, `mode`, `upstream`, `secrets` and `ignore`',
  })
}
