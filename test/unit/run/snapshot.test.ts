import { createPrivateKey, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setImmediate as nextTask } from 'node:timers/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { Runtime } from '../../../src/runtime-handle.ts'
import type { RunResult, RuntimeOptions } from '../../../src/runtime-options.ts'
import type { SigningOptions } from '../../../src/snapshot.ts'
import { manualClock, type ManualClock } from '../../../src/testing/clock.ts'
import { scripted, type ScriptedModel } from '../../../src/testing/scripted.ts'
import { createRuntime } from '../../../src/runtime.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { agentOf, policyOf, noting } from '../../support/agent.ts'
import { keyPair } from '../../support/policy-keys.ts'
import { signCompact } from '../../../src/gate/identity/own-key.ts'

const { secret, open } = keyPair('k1')
const policy = policyOf({ rules: [{ id: 'ask', ask: ['pay'], who: { roles: ['user'] } }] })

interface World {
  readonly runtime: Runtime
  readonly calls: unknown[]
  readonly model: ScriptedModel
}

/** Another process over the same journal. */
function world(journal: Journal, options: Partial<RuntimeOptions> = {}): World {
  const { calls, tool } = noting('pay')
  const model = scripted([{ text: 'done' }])
  const runtime = createRuntime({
    model,
    tools: [tool],
    policy,
    journal,
    authenticator: (given) => given as Principal,
    signing: { key: secret },
    clock: manualClock(1e12),
    ...options,
  })
  return { runtime, calls, model }
}

async function resting(
  signing: SigningOptions = { key: secret },
  clock = manualClock(1e12),
): Promise<Resting> {
  const journal = memoryJournal()
  const { start } = agentOf([{ calls: [{ tool: 'pay', args: { sum: 1 } }] }], {
    tools: [noting('pay').tool],
    policy,
    journal,
    signing,
    clock,
  })
  const result = await start().result()
  return { journal, result, snapshot: result.snapshot!, clock }
}

interface Resting {
  readonly journal: Journal
  readonly result: RunResult
  readonly snapshot: string
  readonly clock: ManualClock
}

/** The code that a resume is refused with, and what it has done meanwhile. */
async function refusal(runtime: Runtime, snapshot: string): Promise<string> {
  try {
    const { status } = await runtime.resume(snapshot, { approve: () => yes }).result()
    return status
  } catch (error) {
    return (error as { code: string }).code
  }
}

const yes = { action: 'approve', by: { subject: 'lena' } } as const

async function lengthOf(journal: Journal, { runId }: RunResult): Promise<number> {
  let length = 0
  for await (const record of journal.read(runId)) length = record.seq + 1
  return length
}

function payloadOf(snapshot: string): Record<string, unknown> {
  const [, payload] = snapshot.split('.')
  return JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Record<string, unknown>
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

const signed = (payload: object, key = secret, type = 'sallyport-snapshot'): Promise<string> =>
  signCompact(Buffer.from(JSON.stringify(payload)), { key, type })

describe('a snapshot', () => {
  test.each([
    ['a JSON Web Key', { key: secret }],
    ['a key object', { key: createPrivateKey({ key: secret as JsonWebKey, format: 'jwk' }) }],
    ['a P-256 key', { key: keyPair('p', 'P-256').secret }],
    ['a key without an id', { key: { ...secret, kid: undefined } }],
  ])('carries a run on in another process, signed with %s', async (_, signing) => {
    const { journal, result, snapshot } = await resting(signing as SigningOptions)
    const { calls, runtime } = world(journal, { signing: signing as SigningOptions })
    const again = await runtime.resume(snapshot, { approve: () => yes }).result()
    expect(again).toMatchObject({ runId: result.runId, status: 'completed' })
    expect(again).not.toHaveProperty('snapshot')
    expect(calls).toEqual([{ sum: 1 }])
  })

  test('says what its published schema describes, and nothing of what was said', async () => {
    const { journal, result, snapshot } = await resting()
    const file = new URL('../../../src/snapshot.schema.json', import.meta.url)
    const schema = JSON.parse(readFileSync(file, 'utf8')) as object
    expect(schema).toMatchObject({ $id: 'urn:sallyport:snapshot:1' })
    const isSnapshot = new Ajv2020().compile(schema)
    const payload = payloadOf(snapshot)
    expect(isSnapshot(payload)).toBe(true)
    expect(payload).toMatchObject({
      version: 1,
      runId: result.runId,
      head: result.report.head,
      length: await lengthOf(journal, result),
    })
    const [header] = snapshot.split('.')
    expect(JSON.parse(Buffer.from(header!, 'base64url').toString())).toEqual({
      alg: 'EdDSA',
      kid: 'k1',
      typ: 'sallyport-snapshot',
    })
  })

  test('is made of no run that is complete, and of none without `signing`', async () => {
    const options = { signing: { key: secret } }
    const done = await agentOf([{ text: 'hi' }], options)
      .start()
      .result()
    expect(done.status).toBe('completed')
    expect(done).not.toHaveProperty('snapshot')
    const { start } = agentOf([{ calls: [{ tool: 'pay' }] }], {
      tools: [noting('pay').tool],
      policy,
    })
    const unsigned = await start().result()
    expect(unsigned.status).toBe('needs-approval')
    expect(unsigned).not.toHaveProperty('snapshot')
  })

  test('counts when an older key has signed it', async () => {
    const { journal, snapshot } = await resting()
    const signing = { key: keyPair('k2').secret, keys: [open] }
    expect(await refusal(world(journal, { signing }).runtime, snapshot)).toBe('completed')
  })
})

describe('nothing is done, and nothing written, with a snapshot', () => {
  test('of which any character is another one', async () => {
    const { journal, result, snapshot } = await resting()
    const { calls, model, runtime } = world(journal)
    const codes = new Set<string>()
    for (let at = 0; at < snapshot.length; at++) {
      for (const other of ['A', 'z', '.', '-']) {
        if (snapshot[at] === other) continue
        const code = await refusal(runtime, snapshot.slice(0, at) + other + snapshot.slice(at + 1))
        expect(code, `${other} at ${at}`).toMatch(/^snapshot-/)
        codes.add(code)
      }
    }
    expect(codes).toContain('snapshot-signature')
    expect(codes).toContain('snapshot-malformed')
    expect(codes).toContain('snapshot-key-unknown')
    expect([calls, model.requests]).toEqual([[], []])
    expect(await lengthOf(journal, result)).toBe(payloadOf(snapshot)['length'])
    expect(await refusal(runtime, snapshot)).toBe('completed')
  })

  test.each([
    ['no algorithm', 'none', 'snapshot-algorithm'],
    ['a shared secret', 'HS256', 'snapshot-algorithm'],
    ['the algorithm of another kind of key', 'ES256', 'snapshot-algorithm'],
  ])('that names %s', async (_, alg, code) => {
    const { journal, snapshot } = await resting()
    const [, payload, signature] = snapshot.split('.')
    const header = encoded({ alg, kid: 'k1', typ: 'sallyport-snapshot' })
    const { calls, runtime } = world(journal)
    for (const end of [signature, '', 'AAAA']) {
      expect(await refusal(runtime, `${header}.${payload}.${end}`)).toBe(code)
    }
    expect(calls).toEqual([])
  })

  test.each<[string, (payload: Record<string, unknown>) => object, string]>([
    ['a version of the future', (p) => ({ ...p, version: 2 }), 'snapshot-malformed'],
    ['a member that is not known', (p) => ({ ...p, scope: [] }), 'snapshot-malformed'],
    ['no expiry', (p) => ({ ...p, expiresAt: null }), 'snapshot-malformed'],
    ['an expiry that is no time', (p) => ({ ...p, expiresAt: 'never' }), 'snapshot-malformed'],
    ['no records', (p) => ({ ...p, length: 0 }), 'snapshot-malformed'],
    ['another head', (p) => ({ ...p, head: `sha256:${'0'.repeat(64)}` }), 'snapshot-mismatch'],
    ['records that are not there', (p) => ({ ...p, length: 999 }), 'snapshot-mismatch'],
    ['an earlier point', (p) => ({ ...p, length: 1 }), 'snapshot-mismatch'],
  ])('that is signed, but has %s', async (_, change, code) => {
    const { journal, snapshot } = await resting()
    const { calls, runtime } = world(journal)
    expect(await refusal(runtime, await signed(change(payloadOf(snapshot))))).toBe(code)
    expect(calls).toEqual([])
  })

  test('that takes the head of one run for another', async () => {
    const [one, other] = [await resting(), await resting()]
    const { runId } = payloadOf(other.snapshot)
    const mixed = await signed({ ...payloadOf(one.snapshot), runId })
    const { calls, runtime } = world(other.journal)
    expect(await refusal(runtime, mixed)).toBe('snapshot-mismatch')
    expect(calls).toEqual([])
  })

  test('that is signed for something else', async () => {
    const { journal, snapshot } = await resting()
    const other = await signed(payloadOf(snapshot), secret, 'sallyport-policy')
    expect(await refusal(world(journal).runtime, other)).toBe('snapshot-malformed')
  })

  test('by a key that is not known, also one of the same id', async () => {
    const { journal, snapshot } = await resting()
    const { runtime } = world(journal)
    const sign = (kid: string) => signed(payloadOf(snapshot), keyPair(kid).secret)
    expect(await refusal(runtime, await sign('k3'))).toBe('snapshot-key-unknown')
    expect(await refusal(runtime, await sign('k1'))).toBe('snapshot-signature')
  })

  test('that has expired', async () => {
    const { clock, journal, snapshot } = await resting({ key: secret, ttlMs: 60_000 })
    clock.advance(60_000)
    const { runtime } = world(journal, { clock })
    expect(await refusal(runtime, snapshot)).toBe('snapshot-expired')
  })

  test('once the run has gone on, also where it has come to rest again', async () => {
    const { journal, snapshot } = await resting()
    const { runtime } = world(journal)
    const { snapshot: next } = await runtime.resume(snapshot).result()
    expect(await refusal(runtime, snapshot)).toBe('snapshot-used')
    expect(await refusal(runtime, next!)).toBe('completed')
  })

  test('where the runtime has no `signing`', async () => {
    const { journal, result, snapshot } = await resting()
    const { runtime } = agentOf([], { tools: [noting('pay').tool], policy, journal })
    expect(await refusal(runtime, snapshot)).toBe('bad-option')
    expect((await runtime.resume(result.runId).result()).status).toBe('needs-approval')
  })

  test('and the record of the run it names is not shown either', async () => {
    const { journal, snapshot } = await resting()
    const forged = await signed(payloadOf(snapshot), keyPair('k1').secret)
    const run = world(journal).runtime.resume(forged)
    await expect(run.events()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'snapshot-signature',
    })
    await expect(run.result()).rejects.toMatchObject({ code: 'snapshot-signature' })
  })
})

test('answers that cannot be taken leave no refusal of the snapshot that nobody hears', async () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown): void => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  onTestFinished(() => void process.off('unhandledRejection', hear))
  const { journal, snapshot } = await resting()
  const forged = await signed(payloadOf(snapshot), keyPair('k1').secret)
  const { runtime } = world(journal)
  await runtime.ready()
  const args = { sum: () => 1 } as unknown as JsonObject
  const decisions = [{ id: 'a', action: 'approve', args }] as const
  expect(() => runtime.resume(forged, { decisions })).toThrow(/cannot be/)
  expect(await refusal(runtime, forged)).toBe('snapshot-signature')
  await nextTask()
  expect(unheard).toEqual([])
})

test.each<[string, SigningOptions]>([
  ['a public key', { key: open }],
  ['an RSA key', { key: { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'r' } }],
  ['a damaged key', { key: { ...secret, d: 'AAAA' } }],
  ['private keys to verify with', { key: secret, keys: [keyPair('k2').secret] }],
  ['two keys of one id', { key: secret, keys: [open] }],
])('a runtime is not ready with %s', async (_, signing) => {
  const { runtime } = agentOf([], { signing })
  await expect(runtime.ready()).rejects.toMatchObject({ code: 'bad-option' })
})
