import { shorten, visibleJson } from '../base/text.ts'
import { csvCells } from './csv.ts'
import { formatCost, formatNumber, plural } from './format.ts'
import { prettyJson } from './json.ts'
import { markdownCode, RowsInRoom, table } from './markdown-text.ts'
import type { Group, Overview, RunLine } from './overview.ts'
import { endings, redactionText } from './summary.ts'

/** The overview as JSON, members sorted. */
export function overviewJson(overview: Overview): string {
  return `${visibleJson(prettyJson(overview))}\n`
}

/** A line for each run, made for spreadsheets as the calls of a report are. */
export function overviewCsv({ runs }: Overview): string {
  const columns: readonly (readonly [string, (run: RunLine) => string | number | undefined])[] = [
    ['run', ({ runId }) => runId],
    ['journal', ({ journal }) => journal],
    ['session', ({ session }) => session],
    ['subject', ({ subject }) => subject ?? undefined],
    ['agent', ({ agent }) => agent ?? undefined],
    ['policy', ({ policy }) => policy],
    ['models', ({ models }) => models.join('; ')],
    ['status', ({ status }) => status],
    ['shadow', ({ shadow }) => (shadow ? 'yes' : 'no')],
    ['started_at', ({ startedAt }) => startedAt],
    ['duration_ms', ({ durationMs }) => durationMs],
    ['calls', ({ calls }) => calls],
    ['executed', ({ counts }) => counts.executed],
    ['refused', ({ counts }) => counts.refused],
    ['failed', ({ counts }) => counts.failed],
    ['waiting', ({ counts }) => counts.waiting],
    ['stopped', ({ counts }) => counts.stopped],
    ['input_tokens', ({ usage }) => usage.inputTokens],
    ['output_tokens', ({ usage }) => usage.outputTokens],
    ['cost_usd', ({ cost }) => cost?.amount],
    ['cost_source', ({ cost }) => cost?.source],
    ['verdict', ({ verdict }) => verdict ?? undefined],
    ['head', ({ head }) => head ?? undefined],
  ]
  const lines = runs.map((run) => csvCells(columns.map(([, of]) => of(run))))
  return [`${columns.map(([name]) => name).join(',')}\r\n`, ...lines].join('')
}

/** The overview as Markdown for a comment or a summary: at most 65,536 characters. */
export function overviewMarkdown(overview: Overview): string {
  const { redaction, runs, totals, unreadable } = overview
  const money = totals.cost === undefined ? 'cost unknown' : formatCost(totals.cost)
  const room = 12_000
  const latest = new RowsInRoom(room * 2)
  for (const run of runs.toReversed()) latest.add(() => runRow(run))
  const lost = new RowsInRoom(room)
  for (const { journal, runId = 'all', message } of unreadable) {
    lost.add(() => [journal, runId, message].map((text) => markdownCode(text, 200)))
  }
  const groups = (title: string, all: readonly Group[]): readonly string[] => {
    const rows = new RowsInRoom(room)
    for (const group of all.slice(0, 50)) rows.add(() => groupRow(group))
    return table([title, 'runs', 'calls', 'refused', 'failed'], rows.cut(room / 2), `more ${title}`)
  }
  return [
    `## ${plural(totals.runs, 'run')}, ${plural(totals.calls, 'call')}, ${formatNumber(totals.counts.refused)} refused`,
    '',
    money,
    ...(redaction === undefined ? [] : ['', markdownCode(redactionText(redaction), 1000)]),
    ...table(
      ['run', 'began', 'caller', 'end', 'calls', 'refused', 'verdict'],
      latest.cut(room * 2),
      'earlier run',
    ),
    ...groups('tool', overview.byTool),
    ...groups('rule', overview.byRule),
    ...groups('principal', overview.byPrincipal),
    ...table(['could not be read', 'run', 'why'], lost.cut(room / 2), 'more file'),
    '',
  ].join('\n')
}

/** The latest 200 runs, a line each, and the groups with most refusals, for a terminal. */
export function overviewTerminal(overview: Overview): string {
  const { redaction, runs, totals, unreadable } = overview
  const money = totals.cost === undefined ? 'cost unknown' : formatCost(totals.cost)
  const lines = runs.slice(-200).map((run) => {
    const { runId, startedAt, subject, status, calls, counts, verdict } = run
    return [
      startedAt,
      runId,
      subject ?? 'not authenticated',
      endings[status],
      `${plural(calls, 'call')}, ${counts.refused} refused`,
      verdict ?? 'not verified',
    ]
  })
  const groups = (title: string, all: readonly Group[]): readonly string[] => [
    '',
    title,
    ...all
      .slice(0, 20)
      .map(({ name, calls, counts }) =>
        line(['', name, plural(calls, 'call'), `${counts.refused} refused`]),
      ),
  ]
  return [
    `${plural(totals.runs, 'run')}, ${plural(totals.calls, 'call')}, ${formatNumber(totals.counts.refused)} refused, ${money}`,
    ...(runs.length > 200 ? [`the latest 200 of ${formatNumber(runs.length)}:`] : []),
    ...lines.map(line),
    ...groups('by tool', overview.byTool),
    ...groups('by rule', overview.byRule),
    ...groups('by principal', overview.byPrincipal),
    ...unreadable.map(({ journal, runId = '', message }) =>
      line(['could not be read', journal, runId, message]),
    ),
    ...(redaction === undefined ? [] : [shorten(redactionText(redaction), 1000)]),
    '',
  ].join('\n')
}

function line(parts: readonly string[]): string {
  return parts.map((part) => shorten(part, 100)).join('  ')
}

function runRow({ runId, startedAt, subject, status, calls, counts, verdict }: RunLine): string[] {
  return [
    markdownCode(runId, 100),
    markdownCode(startedAt, 40),
    subject === null ? 'not authenticated' : markdownCode(subject, 100),
    endings[status],
    formatNumber(calls),
    formatNumber(counts.refused),
    markdownCode(verdict ?? 'not verified', 40),
  ]
}

function groupRow({ name, runs, calls, counts }: Group): string[] {
  const figures = [runs, calls, counts.refused, counts.failed].map(formatNumber)
  return [markdownCode(name, 100), ...figures]
}
