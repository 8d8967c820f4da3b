import { statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { cli } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { EventWriter, runId, usage } from '../unit/report/sample.ts'
import { seal } from '../unit/report/sealed.ts'

/** Half of what the records of the run take: whoever held them all would be out of memory. */
const environment = { NODE_OPTIONS: '--max-old-space-size=40' }

const calls = 1000
const result = 'y'.repeat(40_000)

function largeRun(): EventWriter {
  const writer = new EventWriter().start()
  for (let done = 0; done < calls; done++) {
    writer
      .beginTurn()
      .propose(0, 'get_order', { order: `O-${done}` })
      .endTurn(900, usage)
    writer.decide(0, 'allow', 'read-orders', []).execute(0, 'get_order', 3, result)
  }
  return writer.end('completed')
}

describe.each(['journal.db', 'journal.jsonl'])(
  'a run of more bytes than the heap, in %s',
  (name) => {
    let cwd: string
    beforeAll(async () => {
      cwd = temporaryFolder()
      const journal = await openJournal(join(cwd, name), {})
      await journal.append(runId, 0, seal(largeRun().events))
      await journal.close()
    })

    test('is verified', async () => {
      const { code, err, out } = await cli(['verify', name, '--json'], { cwd, environment })
      expect([code, err]).toEqual([0, ''])
      expect(JSON.parse(out)).toMatchObject({ verdict: 'CONSISTENT', records: 2 + calls * 6 })
    })

    test.each(['html', 'csv'])('is rendered as %s', async (format) => {
      const args = ['report', name, '--format', format, '--output', 'report']
      expect(await cli(args, { cwd, environment })).toMatchObject({ code: 0, err: '' })
      expect(statSync(join(cwd, 'report')).size).toBeGreaterThan(50_000)
    })
  },
)
