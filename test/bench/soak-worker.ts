// Makes many whole runs in a process of its own that can collect garbage, and tells after each
// tenth of them how much memory is still in use. Of journals it keeps a hundredth of the runs at a time:
// a journal in memory grows by what it is for.
import { setTimeout as sleep } from 'node:timers/promises'

import { loadContestant } from './contestant.ts'
import type { SoakMessage } from './soak.ts'

const concurrency = 16
const scenario = 's1'
const [baseUrl = '', count = '0'] = process.argv.slice(2)
const perBatch = Math.ceil(Number(count) / 100)
const prepare = await loadContestant('sallyport')

async function batch(): Promise<void> {
  const run = await prepare({ baseUrl, scenario })
  let left = perBatch
  const lane = async (): Promise<void> => {
    while (left-- > 0) await run()
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
}

async function kibibytes(): Promise<number> {
  // drops the journal of the last batch
  await prepare({ baseUrl, scenario })
  for (let time = 0; time < 4; time++) {
    globalThis.gc!()
    await sleep(20)
  }
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024
}

const tenths: number[] = []
for (let tenth = 0; tenth < 10; tenth++) {
  for (let part = 0; part < 10; part++) await batch()
  tenths.push(await kibibytes())
}
process.send!(tenths satisfies SoakMessage)
