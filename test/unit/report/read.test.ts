import { describe, expect, test } from 'vitest'
import { foldReport } from '../../../src/report/fold.ts'
import { readReport } from '../../../src/report/read.ts'
import { sampleEvents } from './sample.ts'
import { seal } from './sealed.ts'

describe('reading a report from a journal', () => {
  test('gives the report of the run with the head of its chain', async () => {
    const records = seal(sampleEvents())
    const head = records.at(-1)!.hash
    expect(await readReport(records)).toEqual(foldReport(sampleEvents(), { head }))
  })

  test.each([
    ['no records', []],
    ['a line that is no JSON', ['{']],
    ['a line that is no event', ['null']],
    ['a run without its parts', ['{"type":"run-start"}']],
    ['a decision without a decision', ['{"type":"decision","callId":"c"}']],
  ])('refuses %s', async (_name, lines) => {
    const records = lines.map((line, seq) => ({ seq, line, hash: '', durable: false }))
    await expect(readReport(records)).rejects.toMatchObject({ code: 'bad-journal' })
  })
})
