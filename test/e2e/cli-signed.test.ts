import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { cli, type CliOutcome } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'
import { keyPair } from '../support/policy-keys.ts'

const ops = keyPair('ops')

interface Desk {
  readonly folder: string
  run(...more: readonly string[]): Promise<CliOutcome>
  verify(...more: readonly string[]): Promise<CliOutcome>
}

function desk(baseUrl: string): Desk {
  const folder = deskFolder()
  writeFileSync(join(folder, 'secret.jwk'), JSON.stringify(ops.secret))
  writeFileSync(join(folder, 'open.jwk'), JSON.stringify(ops.open))
  const files = ['--policy', 'desk.yaml', '--tools', 'tools.mjs', '--journal', 'j.jsonl']
  const model = ['--base-url', baseUrl, '--model', 'fake']
  return {
    folder,
    run: (...more) => cli(['run', 'refund O-7', ...files, ...model, ...more], { cwd: folder }),
    verify: (...more) => cli(['verify', 'j.jsonl', ...more], { cwd: folder }),
  }
}

function verdictsIn({ out }: CliOutcome): readonly string[] {
  return [...out.matchAll(/^([A-Z_]+)\b/gm)].map(([, verdict]) => verdict!)
}

test('runs are signed, anchored, and held to both by a command that has the public key', async () => {
  const turns = Array.from({ length: 3 }, () => ({ text: 'done' }))
  await using provider = await fakeProvider({ turns })
  const { folder, run, verify } = desk(provider.baseUrl)
  const signing = ['--signing-key', 'secret.jwk', '--anchor', 'anchors.jws']
  for (let count = 0; count < 3; count++) expect((await run(...signing)).code).toBe(0)
  const against = ['--key', 'open.jwk', '--anchor', 'anchors.jws', '--expect-final']
  const whole = await verify(...against)
  expect([whole.code, verdictsIn(whole)]).toEqual([0, ['CONSISTENT', 'CONSISTENT', 'CONSISTENT']])
  expect(whole.out).toContain('signed by ops')
  expect(whole.out).toContain('those of the checkpoint that was kept elsewhere')

  const file = join(folder, 'j.jsonl')
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  const ids = [...new Set(lines.map((line) => (JSON.parse(line) as { runId: string }).runId))]
  const without = (runId: string): void => {
    const kept = lines.filter((line) => (JSON.parse(line) as { runId: string }).runId !== runId)
    writeFileSync(file, kept.map((line) => `${line}\n`).join(''))
  }
  without(ids[1]!)
  const missing = await verify('--key', 'open.jwk')
  expect([missing.code, verdictsIn(missing)]).toEqual([
    1,
    ['CONSISTENT', 'CONSISTENT', 'MISSING_RUN'],
  ])
  expect(missing.out).toContain(`MISSING_RUN  run ${ids[1]}`)
  // it began just now
  expect((await verify('--allow-removed', '1h')).code).toBe(1)
  expect((await verify('--allow-removed', '1ms')).code).toBe(0)

  // the last one is missed by what was kept elsewhere only
  without(ids[2]!)
  expect((await verify('--key', 'open.jwk')).code).toBe(0)
  expect(verdictsIn(await verify(...against))).toContain('MISSING_RUN')
})

test('a checkpoint that is not kept elsewhere fails the command', async () => {
  await using provider = await fakeProvider({ turns: [{ text: 'done' }] })
  const { run } = desk(provider.baseUrl)
  const failed = await run('--signing-key', 'secret.jwk', '--anchor', 'missing/anchors.jws')
  expect(failed.code).toBe(4)
  expect(failed.err).toContain('error[anchor-failed]')
})

test('what is to be kept elsewhere has to be signed', async () => {
  await using provider = await fakeProvider({ turns: [] })
  const refused = await desk(provider.baseUrl).run('--anchor', 'anchors.jws')
  expect([refused.code, refused.err]).toEqual([
    2,
    expect.stringContaining('`--anchor` needs `--signing-key`'),
  ])
})

test('the list of what was pruned is signed where there is a key, and held to it', async () => {
  const turns = Array.from({ length: 2 }, () => ({ text: 'done' }))
  await using provider = await fakeProvider({ turns })
  const { folder, run, verify } = desk(provider.baseUrl)
  const list = join(folder, 'j.jsonl.pruned')
  const prune = (...key: readonly string[]): Promise<CliOutcome> =>
    cli(['log', 'prune', '--journal', 'j.jsonl', '--payloads-older-than', '1ms', ...key], {
      cwd: folder,
    })
  await run('--signing-key', 'secret.jwk')
  expect((await prune('--signing-key', 'open.jwk')).code).toBe(2)
  expect(existsSync(list)).toBe(false)
  expect((await prune('--signing-key', 'secret.jwk')).code).toBe(0)
  await run('--signing-key', 'secret.jwk')
  expect((await prune('--signing-key', 'secret.jwk')).code).toBe(0)

  const against = async (...more: readonly string[]): Promise<readonly unknown[]> => {
    const { code, out } = await verify('--json', ...more)
    const { pruned } = JSON.parse(out.trim().split('\n').at(-1)!) as {
      pruned: { signed: number; isWhole: boolean; fault?: { verdict: string } }
    }
    return [code, pruned.signed, pruned.isWhole, pruned.fault?.verdict]
  }
  const ours = ['--key', 'open.jwk']
  expect(await against(...ours)).toEqual([0, 2, true, undefined])
  expect(await against()).toEqual([0, null, true, undefined])
  writeFileSync(join(folder, 'other.jwk'), JSON.stringify(keyPair('other').open))
  expect((await against('--key', 'other.jwk'))[3]).toBe('UNKNOWN_KEY')

  const [first, second] = readFileSync(list, 'utf8').trim().split('\n')
  const { signature, ...bare } = JSON.parse(second!) as { signature: string }
  const over = (entry: object): string => `${first}\n${JSON.stringify(entry)}\n`
  writeFileSync(list, over(bare))
  expect(await against(...ours)).toEqual([1, 1, true, undefined])
  expect(await against(...ours, '--allow-unsigned')).toEqual([0, 1, true, undefined])
  for (const entry of [
    { ...bare, removed: ['run_x'], signature },
    { ...bare, signature: 5 },
    { ...bare, signature: signature.replace('..', '.e30.') },
    { ...bare, signature: `${signature}.e30` },
  ]) {
    writeFileSync(list, over(entry))
    expect(await against(...ours)).toEqual([1, 1, true, 'BAD_SIGNATURE'])
  }
  writeFileSync(list, over({ ...bare, more: '\ud800', signature }))
  expect(await against(...ours)).toEqual([1, 1, false, undefined])
})
