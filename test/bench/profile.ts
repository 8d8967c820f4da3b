// `node --conditions=sallyport-source test/bench/profile.ts s1 [contestant] [seconds]`: where the
// CPU time of one contestant goes, by file and by function. The profile itself stays in
// `results/` and opens in the developer tools of a browser.
import { globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { startServer, startWorker } from './processes.ts'
import { expectation, scenarios } from './scenarios.ts'

/** The part of the profile format of the V8 inspector that is read here. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds. */
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = fileURLToPath(new URL('results/', import.meta.url))
const [id = 's1', contestant = 'sallyport', seconds = '5'] = process.argv.slice(2)
print(readProfile(await record()))

/** Runs the scenario one run at a time, warm-up included in the profile. */
async function record(): Promise<string> {
  const scenario = scenarios.find((one) => one.id === id)
  if (scenario === undefined) throw new Error(`no scenario is called \`${id}\``)
  const parts = `${folder}parts`
  rmSync(parts, { recursive: true, force: true })
  mkdirSync(parts, { recursive: true })
  using server = await startServer()
  const options = ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${parts}`]
  using worker = await startWorker(contestant, options)
  const slice = await worker.slice({
    baseUrl: server.baseUrl,
    scenario: id,
    concurrency: 1,
    milliseconds: Number(seconds) * 1000,
    expected: expectation(scenario.turns()),
  })
  await worker.end()
  process.stdout.write(
    `${id} ${contestant}: ${slice.runs} runs, ${slice.cpuMs.toFixed(3)} ms each\n`,
  )
  const file = `${folder}${id}-${contestant}.cpuprofile`
  renameSync(globSync(`${parts}/*.cpuprofile`)[0]!, file)
  return file
}

function readProfile(file: string): CpuProfile {
  return JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
}

/** Shares of the time in which the process did something. */
function print({ nodes, samples, timeDeltas }: CpuProfile): void {
  const frames = new Map(nodes.map(({ id: node, callFrame }) => [node, callFrame]))
  const files = new Map<string, number>()
  const functions = new Map<string, number>()
  let busy = 0
  for (const [at, sample] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(sample)!
    if (functionName === '(idle)') continue
    const time = timeDeltas[at]!
    const file = url === '' ? functionName : url.replace('file://', '').replace(root, '')
    const name = url === '' ? functionName : `${functionName} ${file}:${lineNumber + 1}`
    busy += time
    files.set(file, (files.get(file) ?? 0) + time)
    functions.set(name, (functions.get(name) ?? 0) + time)
  }
  for (const [title, shares] of [
    ['file', files],
    ['function', functions],
  ] as const) {
    process.stdout.write(`\nself time by ${title}\n`)
    for (const [name, time] of [...shares].toSorted((a, b) => b[1] - a[1]).slice(0, 40)) {
      process.stdout.write(`${((time / busy) * 100).toFixed(1).padStart(5)} %  ${name}\n`)
    }
  }
}
