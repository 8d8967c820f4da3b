// A fresh process that loads one contestant and makes one S1 run: what a short-lived program waits.
import { loadContestant } from './contestant.ts'

const [name = 'floor', baseUrl = ''] = process.argv.slice(2)
const prepare = await loadContestant(name)
const run = await prepare({ baseUrl, scenario: 's1' })
await run()
process.exit()
