import { runProcess, startServer } from './processes.ts'
import { median } from './statistics.ts'

/** What the worker sends: KiB of used heap and what hangs on it outside, after each tenth of the runs. */
export type SoakMessage = readonly number[]

export interface SoakRow {
  readonly runs: number
  /** KiB alive after collection: at the end of the first tenth, and of the last one. */
  readonly first: number
  readonly last: number
  /** KiB after every tenth, of which the median of the last three is judged. */
  readonly tenths: readonly number[]
  /** Last against first. */
  readonly growth: number
  readonly bar: number
}

/** Room for what the engine compiles and remembers after the first tenth. */
const bar = 1.05

/** So many whole runs in one process, and what of them is still alive. */
export async function measureSoak(runs: number): Promise<SoakRow> {
  using server = await startServer()
  const args = [server.baseUrl, String(runs)]
  const tenths = (await runProcess(
    'soak-worker.ts',
    args,
    ['--expose-gc'],
    soakTimeoutMs(runs),
  )) as SoakMessage
  const first = tenths[0]!
  const last = median(tenths.slice(-3))
  return { runs, first, last, tenths, growth: last / first, bar }
}

/** At twenty milliseconds a run, which only a very busy machine takes. */
function soakTimeoutMs(runs: number): number {
  return 60_000 + runs * 20
}
