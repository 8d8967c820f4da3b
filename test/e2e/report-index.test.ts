import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/base/digest.ts'
import { openJournal } from '../../src/journal/open.ts'
import { renderJson } from '../../src/report/render-json.ts'
import { foldReport } from '../../src/report/fold.ts'
import { temporaryFolder } from '../support/folder.ts'
import { inProcess } from '../support/in-process.ts'
import type { StructuralEvent } from '../../src/protocol/run-event.ts'
import { EventWriter, runId, sampleEvents, usage } from '../unit/report/sample.ts'
import { seal } from '../unit/report/sealed.ts'

function eventsOf(id: string): readonly StructuralEvent[] {
  return JSON.parse(JSON.stringify(sampleEvents()).replaceAll(runId, id)) as StructuralEvent[]
}

async function write(path: string, ...ids: readonly string[]): Promise<void> {
  const journal = await openJournal(path)
  for (const id of ids) await journal.append(id, 0, seal(eventsOf(id)))
  await journal.close()
}

async function folder(): Promise<string> {
  const path = join(temporaryFolder(), 'runs')
  mkdirSync(path)
  await write(join(path, 'a.db'), 'run_a', 'run_b')
  await write(join(path, 'b.jsonl'), 'run_c')
  const report = foldReport(eventsOf('run_d'), { head: null })
  writeFileSync(join(path, 'd.json'), renderJson(report))
  writeFileSync(join(path, 'notes.txt'), 'none')
  return path
}

test('a folder is shown at a glance, in every form it has', async () => {
  const path = await folder()
  const json = await inProcess(['report', path, '--format', 'json'])
  expect([json.code, json.notes]).toEqual([0, ''])
  const { runs, totals } = JSON.parse(json.out) as {
    runs: readonly { runId: string; verdict: string | null }[]
    totals: { calls: number }
  }
  expect(runs.map(({ runId: id, verdict }) => [id, verdict])).toEqual([
    ['run_a', 'CONSISTENT'],
    ['run_b', 'CONSISTENT'],
    ['run_c', 'CONSISTENT'],
    ['run_d', null],
  ])
  expect(totals.calls).toBe(28)
  for (const format of ['terminal', 'markdown', 'csv', 'html']) {
    const { code, out } = await inProcess(['report', path, '--format', format])
    expect([format, code]).toEqual([format, 0])
    for (const { runId: id } of runs) expect(out).toContain(id)
  }
  const refused = await inProcess(['report', path, '--format', 'sarif'])
  expect([refused.code, refused.out]).toEqual([2, ''])
})

test('the runs of one journal are shown with --index', async () => {
  const path = await folder()
  const one = await inProcess(['report', join(path, 'a.db'), '--index'])
  expect(one.out).toMatch(/^2 runs, 14 calls, 8 refused/)
  const last = await inProcess(['report', join(path, 'a.db')])
  expect(last.out).toContain('run_b')
  expect((await inProcess(['report', join(path, 'a.db'), '--pages'])).code).toBe(2)
})

test.each([
  ['--run', 'run_1'],
  ['--call', '1.0'],
  ['--proof'],
  ['--split'],
  ['--policy', 'desk.yaml'],
  ['--bom'],
])('an overview refuses %s, which it could not heed', async (...option) => {
  const { code, out, notes } = await inProcess(['report', temporaryFolder(), ...option])
  expect([code, out]).toEqual([2, ''])
  expect(notes).toContain(`\`${option[0]}\` is for the report of one run\n  help: `)
})

test('a mark in front is refused where there is no CSV', async () => {
  const { code, out, notes } = await inProcess(['report', 'j.jsonl', '--bom'])
  expect([code, out]).toEqual([2, ''])
  expect(notes).toContain('`--bom` is for CSV only\n  help: add `--format csv`')
})

test('runs of one name in several files have each a page of their own', async () => {
  const path = await folder()
  const forged = renderJson(foldReport(eventsOf('run_a'), { head: null }))
  writeFileSync(join(path, 'z.json'), forged.replaceAll('support-desk', 'forged'))
  const out = join(temporaryFolder(), 'site/index.html')
  mkdirSync(join(out, '..'))
  await inProcess(['report', path, '--format', 'html', '--pages', '-o', out])
  const page = readFileSync(out, 'utf8')
  const links = [...page.matchAll(/href="([^#"]+)"[^>]*><code[^>]*>run_a</g)].map(
    ([, link]) => link!,
  )
  expect(new Set(links).size).toBe(2)
  const pages = links.map((link) => readFileSync(join(out, '..', decodeURIComponent(link)), 'utf8'))
  expect(pages.map((text) => /[az]\.(?:db|json)/.exec(text)?.[0]).toSorted()).toEqual([
    'a.db',
    'z.json',
  ])
})

test('no run takes the page of another, whatever it is called', async () => {
  const path = await folder()
  const [journal, own] = [join(path, 'z.json'), eventsOf('run_a')]
  const { startedAt } = foldReport(own, { head: null }).header
  // what the second run of that name might be told apart by, as the name of a third one
  const digest = (...more: readonly unknown[]): string =>
    sha256(JSON.stringify([journal, 'run_a', startedAt, ...more])).slice(7, 39)
  const names = ['run_a', digest(), digest(0), digest(1)]
  for (const [at, id] of names.entries()) {
    const forged = renderJson(foldReport(eventsOf(id), { head: null }))
    writeFileSync(join(path, `z${'z'.repeat(at)}.json`), forged)
  }
  const out = join(temporaryFolder(), 'site/index.html')
  mkdirSync(join(out, '..'))
  await inProcess(['report', path, '--format', 'html', '--pages', '-o', out])
  const links = [...readFileSync(out, 'utf8').matchAll(/<a href="([^"#]+)">/g)]
  expect(links).toHaveLength(8)
  expect(new Set(links.map(([, link]) => link)).size).toBe(8)
  expect(readdirSync(join(out, '..'))).toHaveLength(9)
})

test('a tool that was started without permission is as bad in an overview as in a report', async () => {
  const path = join(temporaryFolder(), 'j.db')
  const writer = new EventWriter().start().beginTurn().propose(0, 'pay', {})
  writer.execute(0, 'pay', 3, {})
  const journal = await openJournal(path)
  await journal.append(runId, 0, seal(writer.endTurn(1, usage).end('completed').events))
  await journal.close()
  for (const more of [[], ['--index']]) {
    const { code, out, notes } = await inProcess(['report', path, ...more])
    expect([code, out + notes]).toEqual([1, expect.stringContaining('UNPERMITTED')])
  }
})

test('the pages of runs stand beside that of all of them, and nothing else does', async () => {
  const path = await folder()
  await write(join(path, 'e.db'), '../../escape/<b>')
  const out = join(temporaryFolder(), 'site/index.html')
  const { code } = await inProcess(['report', path, '--format', 'html', '--pages', '-o', out])
  expect(code).toBe(0)
  const index = readFileSync(out, 'utf8')
  const links = [...index.matchAll(/<a href="([^"#]+)">/g)].map(([, link]) => link!)
  expect(links).toHaveLength(5)
  expect(links).toContain('index-run_a.html')
  for (const link of links) expect(existsSync(join(out, '..', link)), link).toBe(true)
  expect(readdirSync(join(out, '..'))).toHaveLength(6)
})

test('what cannot be read hides nothing else, and what was altered is told', async () => {
  const path = await folder()
  writeFileSync(join(path, 'c.jsonl'), 'no journal\n')
  const lines = readFileSync(join(path, 'b.jsonl'), 'utf8')
  const { code, out } = await inProcess(['report', path, '--format', 'json'])
  const { runs, unreadable } = JSON.parse(out) as {
    runs: readonly object[]
    unreadable: readonly { journal: string; message: string }[]
  }
  expect([code, runs.length]).toEqual([4, 4])
  expect(unreadable).toMatchObject([{ journal: join(path, 'c.jsonl') }])
  writeFileSync(join(path, 'b.jsonl'), lines.replace('"maxTurns":20', '"maxTurns":21'))
  const altered = await inProcess(['report', path, '--format', 'json'])
  expect(altered.code).toBe(1)
  expect(altered.out).toContain('"verdict": "TAMPERED"')
})

test('a run whose record is damaged is listed, and the others are counted without it', async () => {
  const path = join(temporaryFolder(), 'j.jsonl')
  await write(path, 'run_a', 'run_b')
  const text = readFileSync(path, 'utf8').split('\n')
  const at = text.findIndex((line) => line.includes('run_b') && line.includes('"tool-result"'))
  text[at] = text[at]!.replace('"status":"', '"status":"x')
  writeFileSync(path, text.join('\n'))
  const { code, out } = await inProcess(['report', path, '--index', '--format', 'json'])
  const found = JSON.parse(out) as { totals: { calls: number }; unreadable: readonly object[] }
  expect([code, found.totals.calls]).toEqual([4, 7])
  expect(found.unreadable).toMatchObject([{ runId: 'run_b' }])
})

test('an overview is redacted as reports are', async () => {
  const path = await folder()
  const told = await inProcess(['report', path, '--format', 'html', '--redact', 're:refund-[a-z]+'])
  expect(told.out).not.toContain('refund-limit')
  expect(told.out).toContain('[redacted]')
  for (const format of ['html', 'markdown', 'terminal']) {
    const { out } = await inProcess(['report', path, '--format', format, '--redact', 're:abc'])
    expect(out, format).toContain('taken out of this report: 1 pattern')
  }
})
