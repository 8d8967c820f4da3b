import { existingJournal } from '../existing-journal.ts'
import {
  analyseHistory,
  costOverTime,
  type AnalysedEntry,
  type HistoryQuery,
} from '../../history/analyse.ts'
import { shorten } from '../../base/text.ts'
import type { Cost, Usage } from '../../protocol/usage.ts'
import { formatCost, formatNumber, plural } from '../../report/format.ts'
import { LongReport } from '../../report/long.ts'
import type { ModelCallRow } from '../../report/report.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { useSmallHeap } from '../small-heap.ts'
import { runsOf, timeOf } from './log-search.ts'

export interface StatisticsOptions {
  readonly journal: string
  readonly run?: string
  readonly model?: readonly string[]
  readonly by: 'minute' | 'hour' | 'day'
  readonly since?: string
  readonly until?: string
  readonly json?: boolean
}

/** Sums what the models of runs have answered and cost. */
export async function logStatistics(options: StatisticsOptions, io: Io): Promise<ExitCode> {
  const { journal: path } = options
  const query = queryOf(options)
  useSmallHeap()
  await using journal = await existingJournal(path, io)
  const entries: AnalysedEntry[] = []
  let runs = 0
  for await (const runId of runsOf(journal, path, options.run)) {
    const long = await LongReport.open(() => journal.read(runId))
    await long.outline({ modelCall: (call) => void entries.push(entryOf(call)) })
    runs++
  }
  const { calls, usage, cost, byModel } = analyseHistory(entries, query)
  const overTime = costOverTime(entries, options.by, query)
  if (options.json === true) {
    outJson(io, { runs, calls, usage, cost, byModel, by: options.by, overTime })
    return exitCode.done
  }
  const models = Object.entries(byModel).map(([model, totals]) => line(model, totals))
  const spans = overTime.map(({ at, ...totals }) => line(at, totals))
  io.out(
    [
      `${plural(runs, 'run')}, ${line('all models', { calls, usage, ...(cost && { cost }) })}`,
      ...models,
      `each ${options.by}, UTC`,
      ...spans,
      '',
    ].join('\n'),
  )
  return exitCode.done
}

function queryOf({ model, since, until }: StatisticsOptions): HistoryQuery {
  const [start, end] = [timeOf('--since', since), timeOf('--until', until)]
  return {
    ...(model === undefined ? {} : { models: model }),
    ...(start === undefined ? {} : { start: new Date(start) }),
    ...(end === undefined ? {} : { end: new Date(end) }),
  }
}

/** An answer that never came has no reason to have ended. */
function entryOf(call: ModelCallRow): AnalysedEntry {
  const { model, usage, cost, finishReason, startedAt, durationMs } = call
  const at = new Date(Date.parse(startedAt) + durationMs).toISOString()
  const told = {
    ...(cost === undefined ? {} : { cost }),
    ...(finishReason === null ? {} : { finishReason }),
  }
  return { at, message: { role: 'assistant' }, calls: [{ at, model, usage, ...told }] }
}

function line(
  name: string,
  { calls, usage, cost }: { readonly calls: number; readonly usage: Usage; readonly cost?: Cost },
): string {
  return [
    shorten(name, 200),
    plural(calls, 'answer'),
    `${formatNumber(usage.inputTokens)} input and ${formatNumber(usage.outputTokens)} output tokens`,
    cost === undefined ? 'cost unknown' : formatCost(cost),
  ].join('  ')
}
