import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryJournal } from '../../src/journal/memory.ts'
import { hashLine } from '../../src/journal/chain.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { LoadedPolicy } from '../../src/loading/file.ts'
import type { Runtime } from '../../src/runtime-handle.ts'
import { createRuntime } from '../../src/runtime.ts'
import { manualClock } from '../../src/testing/clock.ts'
import { scripted } from '../../src/testing/scripted.ts'
import { noting, policyOf } from './agent.ts'
import { keyPair } from './policy-keys.ts'
import { root } from './program.ts'

/** The file of `test/compat/snapshot` for one version of the form. */
export interface KeptSnapshots {
  readonly now: string
  readonly keys: readonly Readonly<Record<string, unknown>>[]
  readonly snapshot: string
  readonly refused: readonly {
    readonly what: string
    readonly code: string
    readonly snapshot: string
  }[]
  readonly records: readonly {
    readonly seq: number
    readonly line: string
    readonly payload?: string
  }[]
}

export function keptSnapshots(version: number): KeptSnapshots {
  const file = join(root, `test/compat/snapshot/v${version}.json`)
  return JSON.parse(readFileSync(file, 'utf8')) as KeptSnapshots
}

export const payPolicy: LoadedPolicy = policyOf({
  identity: { anonymous: 'role', anonymousRole: 'user' },
  rules: [{ id: 'paying', ask: ['pay'], who: { roles: ['user'] } }],
})

export function payTool(): ReturnType<typeof noting> {
  return noting('pay', {
    input: {
      type: 'object',
      properties: { order: { type: 'string' }, amount: { type: 'number' } },
      required: ['order', 'amount'],
    },
  })
}

export interface KeptRun {
  readonly runtime: Runtime
  readonly journal: Journal
  /** What the tool was called with. */
  readonly calls: readonly unknown[]
}

/**
 * The kept run on the day it was written, with a newer signing key: in the given journal, which has
 * it, or in one of its own.
 */
export async function keptRun(kept: KeptSnapshots, given?: Journal): Promise<KeptRun> {
  const { keys, now } = kept
  const journal = given ?? (await filled(kept))
  const { calls, tool } = payTool()
  const runtime = createRuntime({
    model: scripted([{ text: 'paid back' }]),
    tools: [tool],
    policy: payPolicy,
    journal,
    clock: manualClock(Date.parse(now)),
    signing: { key: keyPair('newer').secret, keys },
    approve: () => ({ action: 'approve', by: { subject: 'lena' } }),
  })
  return { runtime, journal, calls }
}

async function filled({ records, snapshot }: KeptSnapshots): Promise<Journal> {
  const journal = memoryJournal()
  const [, payload = ''] = snapshot.split('.')
  const { runId } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { runId: string }
  const sealed = records.map((record) => ({
    ...record,
    hash: hashLine(record.line),
    durable: false,
  }))
  await journal.append(runId, 0, sealed)
  return journal
}
