import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  fakeProvider,
  type FakeProvider,
  type FakeRequest,
} from '../../src/testing/fake-provider.ts'
import { cli, type CliOutcome } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

const refund = { calls: [{ tool: 'refund', args: { amount: 7 } }] }
const done = { text: 'all paid' }

const wires = [
  ['chat', '/v1/chat/completions', ({ baseUrl }: FakeProvider) => baseUrl],
  ['responses', '/v1/responses', ({ baseUrl }: FakeProvider) => baseUrl],
  ['anthropic', '/v1/messages', ({ rootUrl }: FakeProvider) => rootUrl],
] as const

const keys = {
  OPENAI_API_KEY: 'sk-openai',
  ANTHROPIC_API_KEY: 'sk-anthropic',
  OPENROUTER_API_KEY: 'sk-openrouter',
}

interface Ran extends CliOutcome {
  readonly requests: readonly FakeRequest[]
  readonly report: string
}

async function run(
  [wire, , base]: (typeof wires)[number],
  environment: Readonly<Record<string, string>>,
  more: readonly string[] = [],
  turns: readonly object[] = [refund, done],
): Promise<Ran> {
  const cwd = deskFolder()
  await using provider = await fakeProvider({ turns: turns as never })
  const where = ['--base-url', base(provider), '--wire', wire, '--report', 'report.json']
  const fixed = ['run', 'refund O-7', '--policy', 'desk.yaml', '--tools', 'tools.mjs']
  const args = [...fixed, '--model', 'm', ...where, ...more]
  const outcome = await cli(args, { cwd, environment })
  const report = readFileSync(join(cwd, 'report.json'), 'utf8')
  return { ...outcome, requests: provider.requests, report }
}

function keyOf({ headers }: FakeRequest): unknown {
  return headers['x-api-key'] ?? headers['authorization']
}

describe.each(wires)('S4-01 sallyport run --wire %s', (wire, path, base) => {
  const at = [wire, path, base] as unknown as (typeof wires)[number]

  test(`S4-07 carries a whole run over ${path} with the key of the wire`, async () => {
    const { code, out, requests, report } = await run(at, { ...keys, SALLYPORT_API_KEY: '' })
    expect([code, out]).toEqual([0, 'all paid\n'])
    expect(requests.map((request) => request.path)).toEqual([path, path])
    const key = wire === 'anthropic' ? 'sk-anthropic' : 'Bearer sk-openai'
    expect(requests.map(keyOf)).toEqual([key, key])
    expect(JSON.parse(report)).toMatchObject({ rows: [{ tool: 'refund', status: 'success' }] })
  })

  test('needs no key for an endpoint of your own', async () => {
    const { code, requests } = await run(at, {})
    expect([code, requests.map(keyOf)]).toEqual([0, [undefined, undefined]])
  })

  test('prefers a key of its own, and shows it nowhere', async () => {
    const key = 'sk-planted-0123456789'
    const error = { error: { type: 'authentication_error', message: `bad key ${key}`, code: 401 } }
    const refusal = [{ status: 401, body: JSON.stringify(error) }]
    const ran = await run(at, { ...keys, SALLYPORT_API_KEY: key }, ['--events'], refusal)
    expect([ran.code, ran.requests.length]).toEqual([5, 1])
    expect(String(keyOf(ran.requests[0]!))).toContain(key)
    expect(ran.out).toContain('bad key')
    for (const text of [ran.out, ran.err, ran.report]) expect(text).not.toContain('planted')
  })
})

test('a wire nobody speaks is wrong usage', async () => {
  const args = ['run', 'x', '--policy', 'desk.yaml', '--model', 'm', '--wire', 'grpc']
  const { code, err } = await cli(args, { cwd: deskFolder() })
  expect(code).toBe(2)
  expect(err).toContain('chat, responses, anthropic')
})
