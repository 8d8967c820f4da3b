// Loads one policy again and again in a process of its own.
import { compilePolicy } from '../../src/policy/compile.ts'
import { readPolicy } from '../../src/policy/read.ts'
import type { LoadCost, LoadFormat, LoadRow } from './loads.ts'
import { policyJson, policyText } from './policy-text.ts'

const format = process.argv[2] as LoadFormat
const rules = Number(process.argv[3])
const rounds = Number(process.argv[4])
const write = format === 'JSON' ? policyJson : policyText
const text = write(rules, 'spread')

function load(): LoadCost {
  const before = process.cpuUsage()
  const start = performance.now()
  compilePolicy(readPolicy(text, { file: 'policy' }))
  const wallMs = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  return { cpuMs: (user + system) / 1000, wallMs }
}

const first = load()
const costs = [first]
for (let round = 0; round < rounds; round++) costs.push(load())
const best: LoadCost = {
  cpuMs: Math.min(...costs.map(({ cpuMs }) => cpuMs)),
  wallMs: Math.min(...costs.map(({ wallMs }) => wallMs)),
}
const row: LoadRow = { format, rules, characters: text.length, first, best }
process.send!(row)
