import { compilePolicy } from '../../src/policy/compile.ts'
import type { DecisionRequest } from '../../src/policy/policy.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { decisionRequest, timerCost } from './decisions.ts'
import { policyJson, policyTools } from './policy-text.ts'
import { median, quantile } from './statistics.ts'

export interface EngineRow {
  readonly engine: string
  readonly rules: number
  /** CPU time, text of the policy included. */
  readonly loadMs: number
  /** Microseconds of one decision; medians over the rounds. */
  readonly p50: number
  readonly p99: number
}

export interface FailedEngine {
  readonly engine: string
  readonly why: string
}

/** Decides one call: true when it may run without a question. */
export type MayRun = (request: DecisionRequest) => boolean

/** Loads a policy of so many rules, all of them those of `generatedRule`. */
export type LoadEngine = (rules: number) => Promise<MayRun>

interface PeerEngines {
  readonly peerEngines: Readonly<Record<string, LoadEngine>>
}

/** Loaded by name: whoever has not installed the peers can check the rest. */
const peerFile = 'peer-engines'

const sizes = [10, 100, 1000, 10_000]
const rounds = 3
const distinct = 100
/** No decision of an engine begins after so long in one round. */
const roundMs = 300

interface Subject {
  readonly engine: string
  readonly rules: number
  readonly loadMs: number
  readonly mayRun: MayRun
  readonly requests: readonly DecisionRequest[]
}

const own: LoadEngine = async (rules) => {
  const text = policyJson(rules, 'spread')
  const policy = compilePolicy(readPolicy(text, { file: 'bench.json' }))
  return (request) => policy.decide(request).effect === 'allow'
}

/**
 * The same calls under the same rules, decided by sallyport with everything its decision says and
 * by other engines with yes or no. Engines take turns within a round. One that cannot be loaded,
 * or answers otherwise, is told with the reason.
 */
export async function measureEngines(
  decisions: number,
): Promise<{ engines: EngineRow[]; failed: FailedEngine[] }> {
  const { peerEngines } = (await import(`./${peerFile}.ts`)) as PeerEngines
  const failed: FailedEngine[] = []
  const subjects: Subject[] = []
  for (const [engine, load] of [['sallyport', own] as const, ...Object.entries(peerEngines)]) {
    try {
      for (const rules of sizes) subjects.push(await loaded(engine, load, rules))
    } catch (error) {
      if (engine === 'sallyport') throw error
      failed.push({ engine, why: String(error) })
    }
  }
  for (const subject of subjects) timed(subject, decisions)
  const figures = subjects.map((): { p50: number; p99: number }[] => [])
  for (let round = 0; round < rounds; round++) {
    const timer = timerCost()
    for (const [at, subject] of subjects.entries()) {
      const nanoseconds = timed(subject, decisions)
      figures[at]!.push({
        p50: (quantile(nanoseconds, 0.5) - timer) / 1000,
        p99: (quantile(nanoseconds, 0.99) - timer) / 1000,
      })
    }
  }
  const engines = subjects.map(({ engine, rules, loadMs }, at) => ({
    engine,
    rules,
    loadMs,
    p50: median(figures[at]!.map(({ p50 }) => p50)),
    p99: median(figures[at]!.map(({ p99 }) => p99)),
  }))
  return { engines, failed }
}

async function loaded(engine: string, load: LoadEngine, rules: number): Promise<Subject> {
  const before = process.cpuUsage()
  const mayRun = await load(rules)
  const { user, system } = process.cpuUsage(before)
  const loadMs = (user + system) / 1000
  return { engine, rules, loadMs, mayRun, requests: requestsFor(rules, mayRun) }
}

/** Calls that are allowed, denied and left to the default, in turn; an engine that errs is refused. */
function requestsFor(rules: number, mayRun: MayRun): DecisionRequest[] {
  const tools = policyTools(rules, 'spread')
  const outcomes = ['allow', 'deny', 'default'] as const
  const requests: DecisionRequest[] = []
  for (let at = 0; requests.length < distinct; at++) {
    const wanted = outcomes[requests.length % outcomes.length]!
    const request = decisionRequest((at * 7919) % rules, wanted, tools)
    if (request === undefined) continue
    // one call of each kind is enough to see: the slowest engine takes half a second for each
    if (requests.length < outcomes.length && mayRun(request) !== (wanted === 'allow')) {
      throw new Error(`a call to \`${request.tool}\` is answered otherwise than ${wanted}`)
    }
    requests.push(request)
  }
  return requests
}

function timed({ mayRun, requests }: Subject, count: number): number[] {
  const nanoseconds: number[] = []
  const deadline = performance.now() + roundMs
  for (let at = 0; at < count && performance.now() < deadline; at++) {
    const request = requests[at % requests.length]!
    const start = process.hrtime.bigint()
    mayRun(request)
    nanoseconds.push(Number(process.hrtime.bigint() - start))
  }
  return nanoseconds
}
