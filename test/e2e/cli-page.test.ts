import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { parsePolicy } from '../../src/index.ts'
import { cli } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runId, sampleEvents } from '../unit/report/sample.ts'
import { seal } from '../unit/report/sealed.ts'

const policy = `sallyport: 1
name: support-desk
identity: { anonymous: role, anonymousRole: user }
roles: { user: {} }
rules:
  - id: refund-limit
    deny: [refund]
    who: { roles: [user] }
  - { id: never-asked, deny: ['admin.**'] }
`

/** A folder with a journal of a run that says it was decided by the policy with this digest. */
async function folderWith(digest: string): Promise<string> {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'desk.yaml'), policy)
  const events = JSON.parse(
    JSON.stringify(sampleEvents()).replaceAll(`sha256:${'5e'.repeat(32)}`, digest),
  ) as ReturnType<typeof sampleEvents>
  const journal = jsonlJournal(join(cwd, 'j.jsonl'))
  await journal.append(runId, 0, seal(events))
  await journal.close()
  return cwd
}

const page = ['report', 'j.jsonl', '--format', 'html']

test('a page shows the rules of the policy it was made with, and which never applied', async () => {
  const cwd = await folderWith((await parsePolicy(policy)).file.digest)
  const { code, out, err } = await cli([...page, '--policy', 'desk.yaml'], { cwd })
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('    6    - id: refund-limit\n    7      deny: [refund]')
  expect(out).toMatch(/Rules that never applied \(1\).*never-asked.*desk\.yaml:9:/s)
  expect(out).toContain('--journal j.jsonl --call')
})

test('a page shows nothing of another policy', async () => {
  const cwd = await folderWith(`sha256:${'00'.repeat(32)}`)
  const { code, out } = await cli([...page, '--policy', 'desk.yaml'], { cwd })
  expect(code).toBe(0)
  expect(out).toContain('its digest differs')
  expect(out).not.toContain('never-asked')
})

test('a page can be split into files for hosts that allow no others', async () => {
  const cwd = await folderWith(`sha256:${'00'.repeat(32)}`)
  const { code, out, err } = await cli([...page, '--split', '-o', 'out/incident.html'], { cwd })
  expect([code, out, err]).toEqual([0, '', ''])
  const read = (name: string): string => readFileSync(join(cwd, 'out', name), 'utf8')
  expect(read('incident.html')).toContain('<script src="incident.js"></script>')
  expect(read('incident.html')).not.toContain('<style')
  expect(read('incident.css')).toContain('color-scheme')
  expect(read('incident.js')).toContain('DecompressionStream')
  expect(read('incident.data.js')).toMatch(/^globalThis\.sallyportReport = '/)
})

test('options of pages are refused where they mean nothing', async () => {
  const cwd = await folderWith(`sha256:${'00'.repeat(32)}`)
  const [noPage, noName, badName, noPolicy] = await Promise.all([
    cli(['report', 'j.jsonl', '--policy', 'desk.yaml'], { cwd }),
    cli([...page, '--split'], { cwd }),
    cli([...page, '--split', '-o', 'a b.html'], { cwd }),
    cli([...page, '--policy', 'none.yaml'], { cwd }),
  ])
  expect([noPage.code, noName.code, badName.code, noPolicy.code]).toEqual([2, 2, 2, 2])
  expect(noPage.err).toContain('`--policy` is for pages only')
  expect(noName.err).toContain('`--split` needs a name for its files')
  expect(badName.err).toContain('`a b` cannot name the files beside a page')
  expect(existsSync(join(cwd, 'a b.html'))).toBe(false)
})
