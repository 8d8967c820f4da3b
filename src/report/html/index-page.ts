import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { formatCost, formatDuration, formatNumber, plural } from '../format.ts'
import type { Group, Overview, RunLine } from '../overview.ts'
import { endings, redactionText } from '../summary.ts'
import { code, element, fact, section, table, type Content, type Section } from './element.ts'
import { pageHead, stillParts } from './loading.ts'
import { css } from './style.ts'
import { chartCss, timeContent } from './time-chart.ts'

export interface IndexOptions {
  /** The page of a run beside this one; undefined for a run that has none. */
  readonly pageOf?: (run: RunLine) => string | undefined
}

/** Runs that are listed, the latest first. */
const mostRuns = 1_000

/** Rows of the other tables. */
const mostRows = 100

/**
 * Many runs as one HTML page that needs nothing else: no request, no script, one style sheet allowed
 * by its hash. Names of pages are the caller's; all other text is escaped, and none becomes a link.
 * The same overview gives the same bytes.
 */
export function renderIndex(overview: Overview, options: IndexOptions = {}): string {
  return `<!doctype html>\n${renderToString(page(overview, options))}\n`
}

function page(overview: Overview, options: IndexOptions): VNode {
  const loading = stillParts(`${css}${chartCss}`)
  const parts = partsOf(overview, options)
  const headline = headlineOf(overview)
  return element(
    'html',
    { lang: 'en' },
    pageHead(headline, loading),
    element(
      'body',
      null,
      element('a', { class: 'skip', href: '#main' }, 'Skip to the runs'),
      element(
        'header',
        null,
        element('p', { class: 'muted' }, 'Runs at a glance'),
        element('h1', null, headline),
        facts(overview),
        element(
          'nav',
          { 'aria-label': 'Parts of the page' },
          element(
            'ul',
            null,
            parts.map(({ id, title }) =>
              element('li', null, element('a', { href: `#${id}` }, title)),
            ),
          ),
        ),
      ),
      element(
        'main',
        { id: 'main' },
        parts.map(({ node }) => node),
      ),
      element('footer', null, `sallyport · overview version ${overview.version}`),
      ...loading.end,
    ),
  )
}

function headlineOf({ totals, unreadable }: Overview): string {
  const { runs, calls, counts } = totals
  return [
    plural(runs, 'run'),
    plural(calls, 'call'),
    `${formatNumber(counts.refused)} refused`,
    ...(counts.failed > 0 ? [`${formatNumber(counts.failed)} failed`] : []),
    ...(counts.waiting > 0 ? [`${formatNumber(counts.waiting)} waiting`] : []),
    ...(unreadable.length > 0 ? [`${formatNumber(unreadable.length)} unreadable`] : []),
  ].join(', ')
}

function facts({ redaction, runs, totals }: Overview): VNode {
  const { usage, cost } = totals
  const altered = runs.filter(({ verdict }) => verdict !== null && verdict !== 'CONSISTENT')
  return element(
    'dl',
    { class: 'facts' },
    fact('First', runs[0]?.startedAt ?? 'none'),
    fact('Last', runs.at(-1)?.startedAt ?? 'none'),
    fact('Cost', cost === undefined ? 'unknown' : formatCost(cost)),
    fact('Tokens', formatNumber(usage.inputTokens + usage.outputTokens)),
    fact('Not consistent', formatNumber(altered.length)),
    redaction !== undefined && fact('Redacted', redactionText(redaction)),
  )
}

interface Part extends Section {
  readonly title: string
}

function partsOf(overview: Overview, options: IndexOptions): readonly Part[] {
  const { byTool, byRule, byPrincipal } = overview
  return [
    ...timePart(overview),
    part('runs', 'Runs', runsContent(overview.runs, options)),
    part('tools', 'By tool', groupContent('By tool', 'Tool', byTool)),
    part('rules', 'By rule', groupContent('By rule', 'Rule', byRule)),
    part('principals', 'By principal', groupContent('By principal', 'Principal', byPrincipal)),
    ...unreadablePart(overview),
  ]
}

function timePart({ overTime }: Overview): readonly Part[] {
  return overTime.spans.length === 0 ? [] : [part('time', 'Over time', timeContent(overTime))]
}

function part(id: string, title: string, content: Content): Part {
  return { ...section(id, title, content), title }
}

function runsContent(runs: readonly RunLine[], options: IndexOptions): Content {
  const shown = runs.slice(-mostRuns).toReversed()
  return [
    table(
      'Runs, the latest first',
      [
        { title: 'Run' },
        { title: 'Began' },
        { title: 'Caller' },
        { title: 'Policy' },
        { title: 'End' },
        { title: 'Calls', numeric: true },
        { title: 'Refused', numeric: true },
        { title: 'Cost', numeric: true },
        { title: 'Time', numeric: true },
        { title: 'Journal' },
      ],
      shown.map((run) => runCells(run, options)),
    ),
    left(runs.length - shown.length),
  ]
}

function runCells(run: RunLine, { pageOf }: IndexOptions): readonly Content[] {
  const { agent, calls, cost, counts, durationMs, journal, policy, subject, verdict } = run
  const href = pageOf?.(run)
  const id = code(run.runId)
  const ended = endings[run.status]
  return [
    href === undefined ? id : element('a', { href }, id),
    whole(run.startedAt),
    [
      subject ?? 'not authenticated',
      agent !== null && element('div', { class: 'muted' }, `through ${agent}`),
    ],
    [policy, run.shadow && element('div', { class: 'attention' }, 'shadow mode')],
    run.status === 'completed' ? whole(ended) : whole(ended, 'attention'),
    formatNumber(calls),
    counts.refused === 0 ? '0' : element('span', { class: 'bad' }, formatNumber(counts.refused)),
    cost === undefined ? 'unknown' : formatCost(cost),
    formatDuration(durationMs),
    [
      journal,
      element(
        'div',
        null,
        whole(
          verdict ?? 'not verified',
          verdict === 'CONSISTENT' ? 'good' : verdict === null ? 'muted' : 'bad',
        ),
      ),
    ],
  ]
}

/** Words of ours, which are short, on one line. */
function whole(text: string, tone = ''): VNode {
  return element('span', { class: `whole ${tone}`.trimEnd() }, text)
}

function groupContent(caption: string, title: string, groups: readonly Group[]): Content {
  if (groups.length === 0) return element('p', { class: 'muted' }, 'No calls.')
  const shown = groups.slice(0, mostRows)
  return [
    table(
      caption,
      [
        { title },
        { title: 'Runs', numeric: true },
        { title: 'Calls', numeric: true },
        { title: 'Executed', numeric: true },
        { title: 'Refused', numeric: true },
        { title: 'Failed', numeric: true },
        { title: 'Waiting', numeric: true },
        { title: 'Stopped', numeric: true },
      ],
      shown.map(({ name, runs, calls, counts }) => [
        name,
        ...[runs, calls].map(formatNumber),
        ...[counts.executed, counts.refused, counts.failed].map(formatNumber),
        ...[counts.waiting, counts.stopped].map(formatNumber),
      ]),
    ),
    left(groups.length - shown.length),
  ]
}

function unreadablePart({ unreadable }: Overview): readonly Part[] {
  if (unreadable.length === 0) return []
  const rows = unreadable
    .slice(0, mostRows)
    .map(({ journal, runId, message }) => [journal, runId ?? 'all', message])
  return [
    part('unreadable', 'Could not be read', [
      table('Could not be read', [{ title: 'Journal' }, { title: 'Run' }, { title: 'Why' }], rows),
      left(unreadable.length - rows.length),
    ]),
  ]
}

function left(count: number): Content {
  return (
    count > 0 &&
    element('p', { class: 'muted' }, `And ${formatNumber(count)} more, which the other forms list.`)
  )
}
