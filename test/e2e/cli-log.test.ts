import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../src/journal/sqlite.ts'
import { conversation } from '../../src/testing/journal-records.ts'
import { agentTool } from '../../src/sub-agent.ts'
import { scripted } from '../../src/testing/scripted.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { agentOf, allowing, collect, toolOf } from '../support/agent.ts'
import { temporaryFolder } from '../support/folder.ts'
import { inProcess } from '../support/in-process.ts'

const kinds = [
  ['journal.db', sqliteJournal],
  ['journal.jsonl', jsonlJournal],
] as const

/** An agent that passes its task on. */
function passing(name: string, below: Tool): Tool {
  return agentTool({
    name,
    description: 'An agent.',
    model: scripted([
      { calls: [{ tool: below.name, args: { prompt: 'spoken' } }] },
      { text: 'ok' },
    ]),
    tools: [below],
  })
}

describe.each(kinds)('log erase, on %s', (name, open) => {
  /** A journal with a run that is over, one that waits, and one whose process died. */
  async function journal(): Promise<string> {
    const path = join(temporaryFolder(), name)
    const made = open(path)
    for (const end of ['completed', 'needs-approval'] as const) {
      await made.append(`run_${end}`, 0, conversation(`run_${end}`, { end }))
    }
    await made.append('run_open', 0, conversation('run_open').slice(0, 2))
    await made.leaveAnswer('run_completed', '{"id":"apr_1","reason":"spoken"}')
    await made.close()
    return path
  }

  async function runsIn(path: string): Promise<readonly string[]> {
    const read = open(path)
    const runs = await collect(read.list())
    await read.close()
    return runs
  }

  test('takes what was said, and leaves records that verify', async () => {
    const path = await journal()
    const erase = ['log', 'erase', 'run_completed', '--journal', path]
    const erased = await inProcess([...erase, '--json'])
    const { payloads, ...rest } = JSON.parse(erased.out) as { payloads: number }
    expect([erased.code, rest]).toEqual([
      0,
      { runId: 'run_completed', status: 'completed', removed: false, agentRuns: [] },
    ])
    expect(payloads).toBeGreaterThan(0)
    const verified = await inProcess(['verify', path, '--run', 'run_completed'])
    expect([verified.code, verified.out]).toEqual([
      0,
      expect.stringContaining(`what the ${payloads} erased payloads said`),
    ])
    const read = open(path)
    expect(await read.answers('run_completed')).toEqual([])
    expect((await collect(read.read('run_completed'))).some(({ payload }) => payload)).toBe(false)
    expect((await collect(read.read('run_open'))).some(({ payload }) => payload)).toBe(true)
    await read.close()
    expect(readFileSync(path).includes('spoken')).toBe(false)
    const again = await inProcess(erase)
    expect([again.code, again.notes]).toEqual([0, expect.stringContaining('erased 0 payloads')])
  })

  test('removes a whole run where it is told to', async () => {
    const path = await journal()
    const removed = await inProcess(['log', 'erase', 'run_completed', '--whole', '--journal', path])
    expect(removed.code).toBe(0)
    expect(await runsIn(path)).toEqual(['run_needs-approval', 'run_open'])
  })

  test.each(['run_needs-approval', 'run_open'])(
    'leaves %s alone, which could go on, unless it is told to take it',
    async (runId) => {
      const path = await journal()
      const erase = ['log', 'erase', runId, '--whole', '--journal', path]
      const refused = await inProcess(erase)
      expect([refused.code, refused.notes]).toEqual([2, expect.stringContaining('could go on')])
      expect(await runsIn(path)).toContain(runId)
      expect((await inProcess([...erase, '--unfinished'])).code).toBe(0)
      expect(await runsIn(path)).not.toContain(runId)
    },
  )

  test.each([false, true])('takes the runs of agents along (whole: %s)', async (whole) => {
    const path = join(temporaryFolder(), name)
    const made = open(path)
    const helper = passing('helper', passing('deeper', toolOf('look')))
    const { runtime, start } = agentOf(
      [{ calls: [{ tool: 'helper', args: { prompt: 'spoken' } }] }, { text: 'ok' }],
      { tools: [helper], policy: allowing('helper', 'deeper', 'look'), journal: made },
    )
    const { runId } = await start().result()
    await made.append('run_other', 0, conversation('run_other'))
    await runtime.close()
    const all = await collect(made.list())
    const before = all.length
    await made.close()
    const erase = ['log', 'erase', runId, '--journal', path, ...(whole ? ['--whole'] : [])]
    const { code, notes, out } = await inProcess([...erase, '--json'])
    expect([code, notes]).toEqual([0, expect.stringContaining('and 2 runs of its agents')])
    const { agentRuns } = JSON.parse(out) as { agentRuns: readonly string[] }
    expect(agentRuns.toSorted()).toEqual(
      all.filter((id) => id !== runId && id !== 'run_other').toSorted(),
    )
    const read = open(path)
    const left = await Promise.all(
      (await collect(read.list())).map(async (id) => {
        const records = await collect(read.read(id))
        return records.some(({ payload }) => payload?.includes('spoken')) ? [id] : []
      }),
    )
    expect([left.length, left.flat()]).toEqual([whole ? before - 3 : before, []])
    const other = await collect(read.read('run_other'))
    expect(other.some(({ payload }) => payload !== undefined)).toBe(true)
    await read.close()
  })

  test('knows no run that is not there, and makes no journal', async () => {
    const path = await journal()
    const unknown = await inProcess(['log', 'erase', 'run_0', '--journal', path])
    expect([unknown.code, unknown.notes]).toEqual([2, expect.stringContaining('no run `run_0`')])
    const missing = await inProcess(['log', 'erase', 'run_0', '--journal', `${path}x`])
    expect([missing.code, missing.notes]).toEqual([2, expect.stringContaining('no such file')])
  })
})
