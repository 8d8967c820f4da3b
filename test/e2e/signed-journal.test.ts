import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isSallyportError } from '../../src/base/errors.ts'
import { canonicalJson } from '../../src/base/digest.ts'
import { genesis, hashLine } from '../../src/journal/chain.ts'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import type { Verdict, Verification } from '../../src/report/verification.ts'
import type { SignedOptions } from '../../src/report/attest.ts'
import { verifyChain } from '../../src/report/verify.ts'
import { agentOf } from '../support/agent.ts'
import { temporaryFolder } from '../support/folder.ts'
import { keyPair, type KeyPair } from '../support/policy-keys.ts'
import { payPolicy, payTool } from '../support/snapshots.ts'

const ops = keyPair('ops')

interface Signed {
  readonly path: string
  readonly runId: string
}

/** A run in a file, with a checkpoint after an answer and one at its end. */
async function writeSigned(key: KeyPair = ops, asks = true): Promise<Signed> {
  const path = join(temporaryFolder(), 'j.jsonl')
  const journal = jsonlJournal(path)
  const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
  const agent = agentOf([...(asks ? [{ text: '', calls }] : []), { text: 'done' }], {
    journal,
    tools: [payTool().tool],
    policy: payPolicy,
    signing: { key: key.secret },
    approve: () => ({ action: 'approve', by: { subject: 'lena' } }),
  })
  const { runId, status } = await agent.start().result()
  expect(status).toBe('completed')
  await journal.close()
  return { path, runId }
}

async function verified(
  { path, runId }: Signed,
  options: Partial<SignedOptions> & { readonly maxTail?: number } = {},
): Promise<Verification> {
  const journal = jsonlJournal(path)
  const { maxTail, ...more } = options
  const checkpoints = await journal.checkpoints!(runId)
  return verifyChain(journal.read(runId), {
    signed: { runId, keys: [ops.open], checkpoints, ...more },
    ...(maxTail === undefined ? {} : { maxTail }),
  })
}

/** What a change of the files leads to; a file that cannot be read as a journal is told apart. */
async function verdictOf(signed: Signed, options = {}): Promise<Verdict | 'unreadable'> {
  try {
    return (await verified(signed, options)).verdict
  } catch (error) {
    if (isSallyportError(error) && error.code === 'bad-journal') return 'unreadable'
    throw error
  }
}

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

function writeLines(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
}

/** Every way to delete, repeat or exchange lines. */
function* shuffled(lines: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < lines.length; at++) {
    yield lines.toSpliced(at, 1)
    yield lines.toSpliced(at, 0, lines[at]!)
    for (let other = at + 1; other < lines.length; other++) {
      yield lines.with(at, lines[other]!).with(other, lines[at]!)
    }
  }
}

/** The lines again after a change of one, with all links and heads made to fit. */
function recomputed(lines: readonly string[], signed = true): readonly string[] {
  let prev = genesis
  return lines.map((line, seq) => {
    const members = JSON.parse(line) as Record<string, unknown>
    if (!signed) delete members['signer']
    const head = members['type'] === 'end' ? { head: prev } : {}
    const text = canonicalJson({ ...members, prev, seq, ...head })
    prev = hashLine(text)
    return text
  })
}

describe('a signed journal', () => {
  test('is attested to its last record', async () => {
    const found = await verified(await writeSigned(), { expectFinal: true })
    expect(found).toMatchObject({
      verdict: 'CONSISTENT',
      attestation: { checkpoints: 2, tail: 0, attested: found.records, signers: ['ops'] },
    })
    const proved = found.properties.filter((each) => each.proved).map(({ name }) => name)
    expect(new Set(proved)).toEqual(new Set(['chain', 'permits', 'payloads', 'end', 'signatures']))
    const open = found.properties.filter((each) => !each.proved).map(({ name }) => name)
    expect(new Set(open)).toEqual(new Set(['signatures', 'anchor', 'runs', 'passage', 'truth']))
  })

  test('is not consistent with any byte of any file flipped', { timeout: 120_000 }, async () => {
    const signed = await writeSigned(ops, false)
    const seen = new Set<string>()
    let count = 0
    for (const file of ['', '.payloads', '.checkpoints']) {
      const bytes = readFileSync(signed.path + file)
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes)
        changed[at]! ^= 1
        writeFileSync(signed.path + file, changed)
        const verdict = await verdictOf(signed)
        count++
        // without the line that names it, a payload is missing: that is told, and proves nothing
        const isErased = file === '.payloads' && verdict === 'CONSISTENT'
        if (isErased) expect((await verified(signed)).erased).toBeGreaterThan(0)
        else seen.add(verdict)
      }
      writeFileSync(signed.path + file, bytes)
    }
    expect(count).toBeGreaterThan(3000)
    expect(seen).not.toContain('CONSISTENT')
    expect([...seen]).toEqual(expect.arrayContaining(['TAMPERED', 'BAD_SIGNATURE', 'unreadable']))
    expect(await verdictOf(signed)).toBe('CONSISTENT')
  })

  test(
    'is not consistent cut at any byte, beyond the declared tail',
    { timeout: 120_000 },
    async () => {
      const signed = await writeSigned(ops, false)
      for (const file of ['', '.checkpoints']) {
        const bytes = readFileSync(signed.path + file)
        for (let length = 0; length < bytes.length; length++) {
          writeFileSync(signed.path + file, bytes.subarray(0, length))
          expect(await verdictOf(signed)).not.toBe('CONSISTENT')
        }
        writeFileSync(signed.path + file, bytes)
      }
    },
  )

  test('is not consistent with any line deleted, repeated or exchanged', async () => {
    const signed = await writeSigned()
    for (const file of ['', '.checkpoints']) {
      const lines = linesOf(signed.path + file)
      expect(lines.length).toBeGreaterThan(1)
      for (const changed of shuffled(lines)) {
        writeLines(signed.path + file, changed)
        expect(await verdictOf(signed)).not.toBe('CONSISTENT')
      }
      writeLines(signed.path + file, lines)
    }
  })

  test('shows that records were computed anew after any change', async () => {
    const signed = await writeSigned()
    const lines = linesOf(signed.path)
    for (const [at, line] of lines.entries()) {
      const changed = line.replace(/"at":"(....)/, '"at":"2001')
      expect(changed).not.toBe(line)
      writeLines(signed.path, recomputed(lines.with(at, changed)))
      expect(await verdictOf(signed)).toBe('FORKED')
    }
    writeLines(signed.path, recomputed(lines.slice(0, -1)))
    expect(await verdictOf(signed)).toBe('TRUNCATED')
    const [more] = recomputed([...lines, lines.at(-1)!]).slice(-1)
    writeLines(signed.path, [...lines, more!])
    expect(await verdictOf(signed)).toBe('UNATTESTED_TAIL')
    expect((await verified(signed, { maxTail: 1 })).attestation).toMatchObject({ tail: 1 })
  })

  test('accepts what is cut within the declared tail only', async () => {
    const signed = await writeSigned()
    const checkpoints = linesOf(`${signed.path}.checkpoints`)
    writeLines(`${signed.path}.checkpoints`, checkpoints.slice(0, 1))
    const found = await verified(signed)
    expect(found.verdict).toBe('UNATTESTED_TAIL')
    const { tail } = found.attestation!
    expect(await verdictOf(signed, { maxTail: tail - 1 })).toBe('UNATTESTED_TAIL')
    expect(await verdictOf(signed, { maxTail: tail })).toBe('CONSISTENT')
    expect(await verdictOf(signed, { maxTail: tail, expectFinal: true })).toBe('INCOMPLETE')
    writeLines(`${signed.path}.checkpoints`, [])
    // the records say that there were some
    expect(await verdictOf(signed)).toBe('NO_CHECKPOINTS')
    expect(await verdictOf(signed, { allowUnsigned: true })).toBe('NO_CHECKPOINTS')
    writeLines(signed.path, recomputed(linesOf(signed.path), false))
    expect(await verdictOf(signed)).toBe('UNSIGNED')
    expect(await verdictOf(signed, { allowUnsigned: true })).toBe('CONSISTENT')
  })

  test('does not take checkpoints of other runs, other keys and other kinds', async () => {
    const signed = await writeSigned()
    const file = `${signed.path}.checkpoints`
    const own = readFileSync(file, 'utf8')
    const other = await writeSigned()
    const theirs = readFileSync(`${other.path}.checkpoints`, 'utf8')
    writeFileSync(file, theirs.replaceAll(other.runId, signed.runId))
    expect(await verdictOf(signed)).toBe('TAMPERED')
    writeFileSync(file, own)
    const stranger = keyPair('ops')
    expect(await verdictOf(signed, { keys: [stranger.open] })).toBe('BAD_SIGNATURE')
    expect(await verdictOf(signed, { keys: [keyPair('new').open] })).toBe('UNKNOWN_KEY')
    expect(await verdictOf(signed, { keys: [keyPair('new').open, ops.open] })).toBe('CONSISTENT')
    expect(await verdictOf(signed, { keys: [keyPair('ops', 'P-256').open] })).toBe('BAD_SIGNATURE')
    const [first] = linesOf(file)
    const { checkpoint } = JSON.parse(first!) as { checkpoint: string }
    const [, payload, signature] = checkpoint.split('.')
    const none = Buffer.from('{"alg":"none","kid":"ops","typ":"sallyport-checkpoint"}')
    const forged = `${none.toString('base64url')}.${payload}.${signature}`
    expect(await verdictOf(signed, { checkpoints: [forged] })).toBe('BAD_SIGNATURE')
    await expect(verified(signed, { keys: [ops.secret] })).rejects.toMatchObject({
      code: 'bad-option',
    })
  })

  test('is held to a checkpoint that was kept elsewhere, whoever has the key', async () => {
    const signed = await writeSigned()
    const anchors = [...(await jsonlJournal(signed.path).checkpoints!(signed.runId))].slice(-1)
    const kept = await verified(signed, { anchors })
    expect(kept.properties).toContainEqual(
      expect.objectContaining({ name: 'anchor', proved: true }),
    )
    const other = await writeSigned()
    const text = (file: string) => readFileSync(file, 'utf8').replaceAll(other.runId, signed.runId)
    // the owner of the key records another history under the same id, and signs it
    const forked = { path: join(temporaryFolder(), 'j.jsonl'), runId: signed.runId }
    writeLines(forked.path, recomputed(text(other.path).split('\n').slice(0, -1)))
    expect(await verdictOf(forked, { checkpoints: [] })).toBe('NO_CHECKPOINTS')
    expect(await verdictOf(forked, { checkpoints: [], anchors })).toBe('FORKED')
  })
})
