import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { anthropic } from '../../src/model/anthropic.ts'
import { openaiCompatible } from '../../src/model/compatible.ts'
import type { ApiKey, HttpModel } from '../../src/model/http-model.ts'
import { keyPool } from '../../src/model/key-pool.ts'
import { openai } from '../../src/model/openai.ts'
import { openrouter } from '../../src/model/openrouter.ts'
import { renderCsv } from '../../src/report/csv.ts'
import { renderHtml } from '../../src/report/html/page.ts'
import { renderJson } from '../../src/report/render-json.ts'
import { renderJunit } from '../../src/report/junit.ts'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { renderSarif } from '../../src/report/sarif.ts'
import { renderTerminal } from '../../src/report/terminal.ts'
import { createRuntime } from '../../src/runtime.ts'
import { fakeProvider, type FakeAnswer } from '../../src/testing/fake-provider.ts'
import { collect } from '../support/agent.ts'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'
import { temporaryFolder } from '../support/folder.ts'
import { root, runProgram } from '../support/program.ts'
import { openPage } from '../unit/report/page-data.ts'

const key = 'sk-planted-1234567890-ABCDEFGHIJ'
const other = 'sk-planted-other-0987654321-KLM'
const header = 'planted-header-value-4711'
const planted = /planted-1234567890|planted-other|planted-header|1234567890-AB|0987654321-K/

/** Answers of an endpoint that quotes what it was sent, in every place where it can. */
const quoting: readonly (readonly [string, readonly FakeAnswer[]])[] = [
  ['in a refused key', [failing(401)]],
  ['in a refusal of the model', [failing(403)]],
  ['in a wrong request', [failing(400)]],
  ['in a limit', [failing(429, { 'retry-after': '3000' })]],
  ['in troubles before an answer', [failing(503), failing(500), { text: 'hi' }]],
  ['where its message is cut', [cutAt(key.length - 3), cutAt(12), cutAt(20)]],
  ['in plain text', [{ status: 502, body: `Bearer ${key} ${other} ${header}` }]],
  ['in a page', [{ status: 500, body: `<html>${key} ${other} ${header}</html>` }]],
  ['in its first news', [{ error: { code: 502, message: message() } }, { text: 'hi' }]],
  ['amid an answer', [{ text: 'hi', error: { code: 502, message: message() } }]],
  ['in an event of plain text', [{ body: `event: error\ndata: ${message()}\n\n` }]],
  ['in a list of errors', [{ body: `data: [${envelope()}]\n\n` }]],
  ['in JSON that calls itself a stream', [{ body: envelope() }]],
  ['in a request id', [{ status: 400, headers: { 'x-request-id': 'req_1' }, body: envelope() }]],
]

function message(): string {
  return `wrong key ${key} or ${other} (Bearer ${key}, Bearer ${other}) ${header}`
}

function envelope(): string {
  const said = message()
  const error = {
    message: said,
    code: said,
    type: said,
    param: said,
    metadata: { [said]: [said], raw: said },
  }
  return JSON.stringify({ error, request_id: 'r' })
}

function failing(status: number, headers: Record<string, string> = {}): FakeAnswer {
  return { status, headers, body: envelope() }
}

/** A message whose bound of 1000 characters falls into the key. */
function cutAt(length: number): FakeAnswer {
  const said = `${'x'.repeat(1000 - length)}${key}`
  return { status: 503, body: JSON.stringify({ error: { message: said } }) }
}

const ways: readonly (readonly [string, () => ApiKey])[] = [
  ['a text', () => key],
  ['a function', () => async () => key],
  ['a pool', () => keyPool([key, other])],
]

/** Everything that can be seen of a value without asking for secrets. */
function seenOf(...values: readonly unknown[]): readonly string[] {
  return values.flatMap((value) => [
    inspect(value, { depth: 12, showHidden: true, getters: true }),
    String(value),
    JSON.stringify(value) ?? '',
  ])
}

async function outputsOf(model: HttpModel): Promise<string> {
  const folder = temporaryFolder()
  const file = join(folder, 'run.jsonl')
  const journal = jsonlJournal(file)
  const runtime = createRuntime({ model, journal })
  const run = runtime.run({ input: 'hello' })
  const events = await collect(run)
  const result = await run.result()
  await journal.close()
  const { report } = result
  return [
    ...seenOf(model, runtime, run, events, result, model.metrics(), model.trackedQuota()),
    ...seenOf(await model.health({ fresh: true }), model.supports),
    renderJson(report),
    openPage(renderHtml(report)),
    ...[renderTerminal, renderMarkdown, renderCsv, renderSarif, renderJunit].map((render) =>
      render(report),
    ),
    readFileSync(file, 'utf8'),
  ].join('\n')
}

/** A file as text, a page with its data unpacked. */
function readOpened(path: string): string {
  const text = readFileSync(path, 'utf8')
  return path.endsWith('.html') ? openPage(text) : text
}

describe.each(ways)('S0-07 secrets of a model whose key is %s', (_, give) => {
  test.each(quoting)(
    'are in no output when its endpoint quotes them %s',
    async (_place, answers) => {
      await using provider = await fakeProvider({
        turns: ({ number }) => answers[number % answers.length]!,
      })
      const apiKey = give()
      const model = openaiCompatible({
        baseUrl: provider.baseUrl,
        model: 'm',
        apiKey,
        headers: { 'x-api-token': header },
        retry: { baseDelayMs: 0, maxDelayMs: 5 },
      })
      const seen = await outputsOf(model)
      await model.close()
      expect(provider.requests.length).toBeGreaterThan(0)
      expect(JSON.stringify(provider.requests[0]?.headers)).toMatch(planted)
      // only of a pool the other key is one that has to be kept
      const quoted = typeof apiKey === 'object' ? seen : seen.replaceAll(other, '')
      expect(quoted).not.toMatch(planted)
      if (typeof apiKey === 'object') expect(seenOf(apiKey).join('\n')).not.toMatch(planted)
    },
  )
})

test.each([
  ['openrouter', (baseUrl: string) => openrouter({ baseUrl, model: 'm', apiKey: key })],
  ['openai', (baseUrl: string) => openai({ baseUrl, model: 'm', apiKey: key })],
  [
    'openrouter over Responses',
    (baseUrl: string) => openrouter({ baseUrl, model: 'm', apiKey: key, wire: 'responses' }),
  ],
  [
    'anthropic',
    (baseUrl: string) =>
      anthropic({ baseUrl: baseUrl.replace(/\/v1$/, ''), model: 'm', apiKey: key }),
  ],
] as const)('S0-07 the key of %s is in no output', async (_, make) => {
  const body = JSON.stringify({ type: 'error', error: { type: 'x', message: `wrong key ${key}` } })
  await using provider = await fakeProvider({ turns: () => ({ status: 401, body }) })
  const model = make(provider.baseUrl)
  const seen = await outputsOf(model)
  await model.close()
  expect(JSON.stringify(provider.requests[0]?.headers)).toMatch(planted)
  expect(seen).toContain('[redacted]')
  expect(seen).not.toMatch(planted)
})

function modelWith(apiKey: unknown): HttpModel {
  return openaiCompatible({ baseUrl: 'http://x.example', model: 'm', apiKey: apiKey as string })
}

test('options that are refused do not show the key', () => {
  for (const apiKey of [`${key}\n`, { key }, [key], keyPool([key]).toJSON()]) {
    let thrown: unknown
    try {
      modelWith(apiKey)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'bad-option' })
    expect(seenOf(thrown).join('\n')).not.toMatch(planted)
  }
  expect(() => keyPool([key, `${key}\r`])).toThrow(
    expect.not.objectContaining({ message: expect.stringMatching(planted) }),
  )
})

/** Throws everything it holds. */
const crashing = `
const [root, baseUrl] = process.argv.slice(2)
const { createRuntime } = await import(root + '/src/index.ts')
const { keyPool, openaiCompatible } = await import(root + '/src/model/index.ts')
const pool = keyPool(['${key}', '${other}'])
const model = openaiCompatible({ baseUrl, model: 'm', apiKey: pool, headers: { 'x-api-token': '${header}' } })
const runtime = createRuntime({ model })
const run = runtime.run({ input: 'go' })
const result = await run.result()
console.log(model, pool, runtime, run, result, pool.lease())
const failed = await model.listModels().catch((error) => error)
let cause
try { pool.next() } catch (error) { cause = error }
throw Object.assign(new Error('crashed', { cause }), { model, pool, runtime, run, result, failed })
`

test('a program that crashes with all of it in its hands does not print the key', async () => {
  await using provider = await fakeProvider({ turns: () => failing(401) })
  const program = join(temporaryFolder(), 'crash.mjs')
  writeFileSync(program, crashing)
  const { code, out, errors } = await runProgram(program, [root, provider.baseUrl])
  expect(provider.requests.length).toBeGreaterThan(1)
  expect(code).not.toBe(0)
  expect(errors).toContain('crashed')
  expect(out + errors).not.toMatch(planted)
})

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

describe.concurrent('the command line', () => {
  test.each([
    ['--events', quoting[0]!],
    ['--json', quoting[2]!],
    ['--events', quoting[4]!],
    ['--json', quoting[9]!],
    ['--json', quoting[5]!],
  ] as const)('shows keys and tokens nowhere with %s, quoted %s', async (option, [, answers]) => {
    await using provider = await fakeProvider({
      turns: ({ number }) => answers[number % answers.length]!,
    })
    const folder = deskFolder()
    const given = ['run', 'refund O-7', '--policy', 'desk.yaml', '--tools', 'tools.mjs']
    const output = ['--report', 'r.json', '--html', 'r.html', '--journal', 'run.jsonl', option]
    const outcome = await cli(
      [...given, '--base-url', provider.baseUrl, '--model', 'm', ...output],
      {
        cwd: folder,
        environment: {
          SALLYPORT_API_KEY: key,
          OPENAI_API_KEY: other,
          OPENROUTER_API_KEY: header,
          SALLYPORT_TOKEN: '',
        },
      },
    )
    expect(provider.requests.length).toBeGreaterThan(0)
    const sent = JSON.stringify(provider.requests[0]?.headers)
    expect(sent).toContain(key)
    expect(sent).not.toContain(other)
    const written = filesUnder(folder).map((path) => readOpened(path))
    expect(written.length).toBeGreaterThan(4)
    const seen = [outcome.out, outcome.err, ...written].join('\n')
    // the endpoint of this test knows more keys than it was given
    expect(seen.replaceAll(other, '').replaceAll(header, '')).not.toMatch(planted)
  })
})
