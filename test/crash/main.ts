// Kills processes that carry runs, and looks at what they leave: node main.ts [--kills N] [--runs N]
import { parseArgs } from 'node:util'
import { crashRound, type RoundEnd } from './rounds.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    runs: { type: 'string', default: '6' },
    appends: { type: 'string', default: '60' },
  },
})
const runs = Number(values.runs)
const total = Number(values.kills)
const ends: RoundEnd[] = []
let failed = false

function report(name: string, end: RoundEnd, isFine: boolean): void {
  ends.push(end)
  failed ||= !isFine
  const { crashes, doubts, doubtsDone, duplicates, faults, lost, runs: carried } = end
  console.log(
    `${isFine ? 'ok  ' : 'FAIL'} ${name}: ${carried} runs, ${crashes} crashes, ${lost} lost, ` +
      `${duplicates.length} done twice, ${doubts} in doubt (${doubtsDone} had happened)`,
  )
  for (const fault of faults) console.log(`     ${fault}`)
}

function isSound({ duplicates, faults, lost }: RoundEnd): boolean {
  return lost === 0 && duplicates.length === 0 && faults.length === 0
}

for (let kills = 0; kills < total;) {
  const each = Math.min(5, total - kills)
  const end = await crashRound({ runs, kills: each, random: Math.random })
  kills += each
  report(`${each} random kills`, end, isSound(end))
}
for (let append = 1; append <= Number(values.appends); append++) {
  const lastAppend = append / 2
  const end = await crashRound({ runs: 1, kills: 0, lastAppend, random: Math.random })
  report(`killed at append ${lastAppend}`, end, isSound(end))
}
let noticed = 0
for (let round = 0; round < 6; round++) {
  const control = { runs: 10, kills: 6, isUnguarded: true, random: Math.random }
  noticed += (await crashRound(control)).duplicates.length
}
console.log(`${noticed > 0 ? 'ok  ' : 'FAIL'} control without intents: ${noticed} done twice`)
process.exitCode = failed || noticed === 0 ? 1 : 0
