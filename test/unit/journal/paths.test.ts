import {
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { chdir, cwd } from 'node:process'
import { describe, expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { conversation } from '../../../src/testing/journal-records.ts'
import { collect } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

const kinds = [
  ['SQLite', sqliteJournal, 'journal.db'],
  ['JSONL', jsonlJournal, 'journal.jsonl'],
] as const

describe.each(kinds)('a journal in %s', (kind, open, name) => {
  /** The paths of one journal: its own, that of a link to it, and one through a linked folder. */
  function paths(): readonly string[] {
    const folder = temporaryFolder()
    for (const made of ['own', 'other']) mkdirSync(join(folder, made))
    symlinkSync(join(folder, 'own', name), join(folder, 'other', 'link'))
    symlinkSync(join(folder, 'own'), join(folder, 'linked'))
    return [join(folder, 'own', name), join(folder, 'other', 'link'), join(folder, 'linked', name)]
  }

  test('is one journal by whatever path it is named', async () => {
    const [own, ...others] = paths()
    const first = open(own!)
    await first.append('run_a', 0, conversation('run_a', { end: 'completed' }))
    for (const path of others) {
      const other = open(path)
      expect(await collect(other.list())).toEqual(['run_a'])
      const append = async () => other.append('run_a', 0, conversation('run_a'))
      const code = kind === 'SQLite' ? 'journal-conflict' : 'bad-journal'
      await expect(append()).rejects.toMatchObject({ code })
      await other.leaveAnswer('run_a', path)
      await other.close()
    }
    expect(await first.answers('run_a')).toEqual(others)
    await first.close()
    const [, link] = others.map((path) => join(path, '..'))
    expect(readdirSync(join(others[0]!, '..'))).toEqual(['link'])
    expect(readdirSync(link!)).toEqual(readdirSync(join(own!, '..')))
  })

  test('takes nothing while its file has a second name, by which others would write it', async () => {
    const folder = temporaryFolder()
    const [own, other] = [join(folder, name), join(folder, `second-${name}`)]
    const first = open(own)
    await first.append('run_a', 0, conversation('run_a', { end: 'completed' }))
    linkSync(own, other)
    const second = open(other)
    const code = 'bad-journal'
    const append = async () => second.append('run_b', 0, conversation('run_b'))
    await expect(append()).rejects.toMatchObject({ code })
    await expect(second.leaveAnswer('run_a', 'yes')).rejects.toMatchObject({ code })
    if (kind === 'SQLite') await expect(second.counters!()).rejects.toMatchObject({ code })
    await first.close()
    await second.close()
    const third = open(own)
    const more = async () => third.append('run_b', 0, conversation('run_b'))
    await expect(more()).rejects.toMatchObject({ code })
    expect(await collect(third.list())).toEqual(['run_a'])
    await third.close()
    rmSync(other)
    const last = open(own)
    await last.append('run_b', 0, conversation('run_b'))
    expect(await collect(last.list())).toEqual(['run_a', 'run_b'])
    await last.close()
  })

  test.each([
    ['removed', (path: string) => rmSync(path)],
    ['moved', (path: string) => renameSync(path, `${path}.1`)],
    ['replaced', (path: string) => replace(path)],
    ['removed with its folder', (path: string) => rmSync(join(path, '..'), { recursive: true })],
  ])('takes nothing more once its file was %s', async (_, change) => {
    const path = join(temporaryFolder(), 'inner', name)
    const journal = open(path)
    await journal.append('run_a', 0, conversation('run_a', { end: 'completed' }))
    const counters = await journal.counters?.()
    change(path)
    const error = {
      code: 'bad-journal',
      message: `journal \`${path}\` was removed or replaced while it was in use`,
      help: expect.stringContaining('then start the program anew') as string,
    }
    const append = async () => journal.append('run_b', 0, conversation('run_b'))
    await expect(append()).rejects.toMatchObject(error)
    await expect(journal.erase('run_a')).rejects.toMatchObject(error)
    if (counters !== undefined) {
      expect(() => counters.together(() => 'counted')).toThrow(expect.objectContaining(error))
    }
    await journal.close()
  })

  test('takes more once its file was put back and it is opened anew', async () => {
    const path = join(temporaryFolder(), name)
    const journal = open(path)
    await journal.append('run_a', 0, conversation('run_a', { end: 'completed' }))
    renameSync(path, `${path}.1`)
    const append = async () => journal.append('run_b', 0, conversation('run_b'))
    await expect(append()).rejects.toMatchObject({ code: 'bad-journal' })
    await journal.close()
    renameSync(`${path}.1`, path)
    await append()
    expect(await collect(journal.list())).toEqual(['run_a', 'run_b'])
    await journal.close()
  })

  test('stays where it is when the process goes to another folder', async () => {
    const before = cwd()
    const folder = temporaryFolder()
    chdir(folder)
    try {
      const journal = open(name)
      chdir(temporaryFolder())
      await journal.append('run_a', 0, conversation('run_a'))
      await journal.leaveAnswer('run_a', 'yes')
      await journal.counters?.()
      await journal.close()
      expect(readdirSync('.')).toEqual([])
      expect(readdirSync(folder)).toContain(name)
    } finally {
      chdir(before)
    }
  })
})

/** Others have moved it away and begun anew. */
function replace(path: string): void {
  renameSync(path, `${path}.1`)
  writeFileSync(path, '')
}

test('a journal of lines takes nothing more once its payloads were removed', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  await journal.append('run_a', 0, conversation('run_a', { end: 'completed' }))
  rmSync(`${path}.payloads`)
  const append = async () => journal.append('run_b', 0, conversation('run_b'))
  await expect(append()).rejects.toMatchObject({ code: 'bad-journal' })
  await journal.close()
})

test('a link that leads nowhere is no journal of lines', async () => {
  const folder = temporaryFolder()
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'))
  const journal = jsonlJournal(join(folder, 'link'))
  await expect(collect(journal.list())).rejects.toMatchObject({ code: 'bad-journal' })
  const append = async () => journal.append('run_a', 0, conversation('run_a'))
  await expect(append()).rejects.toMatchObject({ code: 'bad-journal' })
  expect(readdirSync(folder)).toEqual(['link'])
})
