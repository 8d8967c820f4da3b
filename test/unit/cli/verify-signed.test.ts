import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openJournal } from '../../../src/journal/open.ts'
import { agentOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'
import { keyPair } from '../../support/policy-keys.ts'
import { payPolicy, payTool } from '../../support/snapshots.ts'

const ops = keyPair('ops')

interface Desk {
  readonly journal: string
  readonly key: string
  readonly runs: readonly string[]
  at(name: string): string
}

/** A journal with signed runs, and the public key in a file. */
async function desk(count = 1, isSigned = true): Promise<Desk> {
  const folder = temporaryFolder()
  const at = (name: string): string => join(folder, name)
  const journal = await openJournal(at('j.db'))
  const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
  const turns = Array.from({ length: count }, () => [{ text: '', calls }, { text: 'done' }])
  const agent = agentOf(turns.flat(), {
    journal,
    tools: [payTool().tool],
    policy: payPolicy,
    approve: () => ({ action: 'approve', by: { subject: 'lena' } }),
    ...(isSigned ? { signing: { key: ops.secret } } : {}),
  })
  const runs: string[] = []
  for (let run = 0; run < count; run++) runs.push((await agent.start().result()).runId)
  await journal.close()
  writeFileSync(at('ops.jwk'), JSON.stringify(ops.open))
  return { journal: at('j.db'), key: at('ops.jwk'), runs, at }
}

interface Told {
  readonly code: number
  readonly found: readonly Record<string, unknown>[]
  readonly notes: string
}

async function told(...args: readonly string[]): Promise<Told> {
  const { code, out, notes } = await inProcess(['verify', ...args, '--json'])
  const lines = out.split('\n').slice(0, -1)
  return { code, notes, found: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

async function checkpointsOf({ journal, runs }: Desk): Promise<readonly string[]> {
  const opened = await openJournal(journal)
  const found = await opened.checkpoints!(runs[0]!)
  await opened.close()
  return found
}

describe('sallyport verify --key', () => {
  test('says what the signer has attested', async () => {
    const { journal, key } = await desk(2)
    const { code, out } = await inProcess(['verify', journal, '--key', key, '--expect-final'])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^CONSISTENT {2}run \S+ {2}\d+ records {2}2 checkpoints {2}attested (\d+), tail 0 {2}signed by ops\n/,
    )
    expect(out).toMatch(/proved {6}.*\n(.*\n)* +none of the first \d+ records was changed/)
  })

  test('finds unsigned runs unsigned, unless they are allowed', async () => {
    const { journal, key } = await desk(1, false)
    expect(await told(journal, '--key', key)).toMatchObject({
      code: 1,
      found: [{ verdict: 'UNSIGNED' }],
    })
    expect((await told(journal, '--key', key, '--allow-unsigned')).code).toBe(0)
    expect((await told(journal)).code).toBe(0)
  })

  test('cannot tell without the key that signed', async () => {
    const { journal, at } = await desk()
    writeFileSync(at('new.jwk'), JSON.stringify(keyPair('new').open))
    const { code, found } = await told(journal, '--key', at('new.jwk'))
    expect({ code, found }).toMatchObject({ code: 4, found: [{ verdict: 'UNKNOWN_KEY' }] })
    expect(JSON.stringify(found)).toContain('that the signer has seen these records')
    writeFileSync(at('secret.jwk'), JSON.stringify(ops.secret))
    expect((await told(journal, '--key', at('secret.jwk'))).code).toBe(2)
  })

  test('knows a key without an id by its thumbprint', async () => {
    const { kid: _kid, ...secret } = keyPair('x').secret
    const { d: _d, ...open } = secret as Record<string, unknown>
    const folder = temporaryFolder()
    const journal = await openJournal(join(folder, 'j.jsonl'))
    await agentOf([{ text: 'hi' }], { journal, signing: { key: secret } })
      .start()
      .result()
    await journal.close()
    writeFileSync(join(folder, 'key.jwk'), JSON.stringify({ keys: [ops.open, open] }))
    const { code, found } = await told(join(folder, 'j.jsonl'), '--key', join(folder, 'key.jwk'))
    expect(code).toBe(0)
    expect(found).toMatchObject([
      { attestation: { signers: [expect.stringMatching(/^[\w-]{43}$/)] } },
    ])
  })

  test('misses a run of which a checkpoint was kept', async () => {
    const { journal, key, runs, at } = await desk(2)
    const [, last] = await checkpointsOf({ journal, key, runs, at })
    writeFileSync(at('kept.txt'), `${last}\n`)
    const kept = await told(journal, '--key', key, '--anchor', at('kept.txt'))
    expect(kept).toMatchObject({ code: 0 })
    expect(JSON.stringify(kept.found[0])).toContain('"name":"anchor","proved":true')
    const opened = await openJournal(journal)
    await opened.remove(runs[0]!)
    await opened.close()
    const { code, found } = await told(journal, '--key', key, '--anchor', at('kept.txt'))
    expect(code).toBe(1)
    expect(found).toMatchObject([
      { runId: runs[1], verdict: 'CONSISTENT' },
      { runId: runs[0], verdict: 'MISSING_RUN' },
    ])
  })

  test.each([['--anchor', 'x'], ['--allow-unsigned'], ['--expect-final'], ['--proof', 'x']])(
    'is needed by %s',
    async (...option) => {
      const { journal } = await desk()
      const { code, notes } = await told(journal, ...option)
      expect([code, notes]).toEqual([
        2,
        expect.stringContaining(`\`${option[0]}\` needs \`--key\``),
      ])
    },
  )
})

describe('the proof of one call', () => {
  test('convinces somebody who has the key and nothing else', async () => {
    const { journal, key, runs, at } = await desk()
    const made = await inProcess([
      'report',
      journal,
      '--call',
      '1.0',
      '--proof',
      '-o',
      at('p.json'),
    ])
    expect(made).toMatchObject({ code: 0, notes: '' })
    const text = readFileSync(at('p.json'), 'utf8')
    expect(text).not.toContain('O-7')
    const { code, found } = await told('--proof', at('p.json'), '--key', key)
    expect({ code, found }).toMatchObject({
      code: 0,
      found: [{ verdict: 'CONSISTENT', runId: runs[0], signer: 'ops' }],
    })
    const types = (found[0]!['events'] as readonly { type: string }[]).map(({ type }) => type)
    expect(types).toEqual(
      expect.arrayContaining(['tool-call', 'decision', 'approval-decision', 'tool-result']),
    )
    const { out } = await inProcess(['verify', '--proof', at('p.json'), '--key', key])
    expect(out).toMatch(/^CONSISTENT {2}call /)
    expect(out).toMatch(/tool-result pay success\n/)
    expect(out).toContain('not proved  that the call has no other records')
  })

  test('is made and checked by the commands of the README', async () => {
    const { journal, key, at } = await desk()
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
    const places: Readonly<Record<string, string>> = {
      '.sallyport/journal.db': journal,
      'ops.jwk': key,
      'call.json': at('call.json'),
      '2.0': '1.0',
    }
    const lines = [...readme.matchAll(/^sallyport (.*--proof .+)$/gm)]
    expect(lines).toHaveLength(2)
    for (const [, line] of lines) {
      const args = line!.split(' ').map((word) => places[word] ?? word)
      expect(await inProcess(args)).toMatchObject({ code: 0, notes: '' })
    }
  })

  test('convinces nobody once any character of it is another one', async () => {
    const { journal, key, at } = await desk()
    await inProcess(['report', journal, '--call', '1.0', '--proof', '-o', at('p.json')])
    const text = readFileSync(at('p.json'), 'utf8')
    const proof = JSON.stringify(JSON.parse(text))
    const verdicts = new Set<unknown>()
    for (let index = 0; index < proof.length; index += 3) {
      const changed = String.fromCharCode(proof.charCodeAt(index) ^ 1)
      writeFileSync(at('p.json'), proof.slice(0, index) + changed + proof.slice(index + 1))
      const { code, found } = await told('--proof', at('p.json'), '--key', key)
      expect(code).not.toBe(0)
      verdicts.add(found[0]!['verdict'])
    }
    expect(verdicts).not.toContain('CONSISTENT')
    expect(verdicts.size).toBeGreaterThan(2)
  })

  test.each<[string, (records: readonly unknown[]) => readonly unknown[]]>([
    ['twice', (records) => [...records, records.at(-1)]],
    ['in another order', (records) => records.toReversed()],
  ])('convinces nobody with records that stand in it %s', async (_name, changed) => {
    const { journal, key, at } = await desk()
    await inProcess(['report', journal, '--call', '1.0', '--proof', '-o', at('p.json')])
    const proof = JSON.parse(readFileSync(at('p.json'), 'utf8')) as { records: readonly unknown[] }
    const records = changed(proof.records)
    writeFileSync(at('p.json'), JSON.stringify({ ...proof, records }))
    const { code, found } = await told('--proof', at('p.json'), '--key', key)
    expect([code, found[0]!['verdict']]).toEqual([1, 'TAMPERED'])
  })

  test('convinces nobody with what stands in it and is not covered', async () => {
    const { journal, key, at } = await desk()
    await inProcess(['report', journal, '--call', '1.0', '--proof', '-o', at('p.json')])
    const proof = JSON.parse(readFileSync(at('p.json'), 'utf8')) as { records: readonly object[] }
    const [first, ...rest] = proof.records
    const said = { payload: { amount: 5000 } }
    for (const changed of [
      { ...proof, ...said },
      { ...proof, records: [{ ...first, ...said }, ...rest] },
    ]) {
      writeFileSync(at('p.json'), JSON.stringify(changed))
      const { code, found } = await told('--proof', at('p.json'), '--key', key)
      expect([code, found[0]!['verdict']]).toEqual([1, 'MALFORMED'])
    }
  })

  test('is not made for calls that are not there, and not without signatures', async () => {
    const signed = await desk()
    const unsigned = await desk(1, false)
    const args = ['--call', '9.9', '--proof']
    const [missing, bare, half] = await Promise.all([
      inProcess(['report', signed.journal, ...args]),
      inProcess(['report', unsigned.journal, '--call', '1.0', '--proof']),
      inProcess(['report', signed.journal, '--call', '1.0']),
    ])
    expect([missing.code, missing.notes]).toEqual([2, expect.stringContaining('no call `9.9`')])
    expect([bare.code, bare.notes]).toEqual([2, expect.stringContaining('no signed checkpoint')])
    expect([half.code, half.notes]).toEqual([2, expect.stringContaining('need each other')])
  })
})
