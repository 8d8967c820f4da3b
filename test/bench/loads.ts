import { digits } from './cells.ts'
import { runProcess } from './processes.ts'

/** What loading a policy costs: text to a policy that decides, ten rules for each tool. */
export interface LoadRow {
  readonly format: LoadFormat
  readonly rules: number
  readonly characters: number
  /** The first time in its process, when nothing is compiled yet. */
  readonly first: LoadCost
  /** The cheapest of all times. */
  readonly best: LoadCost
  /** The highest accepted CPU of the best, in milliseconds. */
  readonly bar?: number
}

export interface LoadCost {
  readonly cpuMs: number
  readonly wallMs: number
}

export type LoadFormat = 'JSON' | 'YAML'

const bar = 100

/** Policies of growing size in both formats, each in a process of its own. */
export async function measureLoads(rounds: number): Promise<LoadRow[]> {
  const rows: LoadRow[] = []
  for (const rules of [100, 1000, 10_000]) {
    for (const format of ['JSON', 'YAML']) {
      const args = [format, String(rules), String(rounds)]
      const row = (await runProcess('loads-worker.ts', args, [])) as LoadRow
      rows.push(rules === 10_000 ? { ...row, bar } : row)
    }
  }
  return rows
}

export const loadHead = ['policy', 'KiB', 'first CPU ms', 'first ms', 'best CPU ms', 'best ms']

export function loadCells({ format, rules, characters, first, best }: LoadRow): string[] {
  const costs = [first.cpuMs, first.wallMs, best.cpuMs, best.wallMs]
  return [`${rules} rules as ${format}`, digits(characters / 1024), ...costs.map(digits)]
}
