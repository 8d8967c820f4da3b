import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { seal } from '../unit/report/sealed.ts'
import { runId, sampleEvents } from '../unit/report/sample.ts'
import { cli } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const forms: readonly (readonly [form: string, beginning: RegExp])[] = [
  ['terminal', /^run completed/],
  ['json', /^\{\n {2}"end"/],
  ['html', /^<!doctype html>/],
  ['markdown', /^## ❌ run completed/],
  ['sarif', /^\{\n {2}"\$schema"/],
  ['junit', /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites/],
  ['csv', /^run,call,turn/],
]

test('every form has the same bytes in other time zones and languages', async () => {
  const cwd = temporaryFolder()
  const journal = jsonlJournal(join(cwd, 'j.jsonl'))
  await journal.append(runId, 0, seal(sampleEvents()))
  await journal.close()
  const places = [
    { TZ: 'UTC', LC_ALL: 'C' },
    { TZ: 'Asia/Kathmandu', LC_ALL: 'de_DE.UTF-8', LANG: 'ar_EG.UTF-8' },
  ]
  for (const [form, beginning] of forms) {
    const [one, other] = await Promise.all(
      places.map((environment) =>
        cli(['report', 'j.jsonl', '--format', form], { cwd, environment }),
      ),
    )
    expect([one!.code, one!.err]).toEqual([0, ''])
    expect(one!.out).toMatch(beginning)
    expect(other!.out).toBe(one!.out)
  }
})

test('CSV goes to a file with a byte order mark where it is asked for', async () => {
  const cwd = temporaryFolder()
  const journal = jsonlJournal(join(cwd, 'j.jsonl'))
  await journal.append(runId, 0, seal(sampleEvents()))
  await journal.close()
  const args = ['report', 'j.jsonl', '--format', 'csv', '--bom', '-o', 'r.csv']
  expect((await cli(args, { cwd })).code).toBe(0)
  expect(readFileSync(join(cwd, 'r.csv'), 'utf8')).toMatch(/^\ufeffrun,call,/)
})
