import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { formatNumber } from '../format.ts'
import type { Report } from '../report.ts'
import { summarize, type CallSummary, type Outcome, type Summary } from '../summary.ts'
import type { Verification } from '../verification.ts'
import { callItem } from './call.ts'
import { cardSection } from './cards.ts'
import type { Whereabouts } from './command.ts'
import { mostCallsOfData, packData, showableDetails, type CallDetails } from './data.ts'
import { element, section, type Section } from './element.ts'
import { flowSection } from './flow.ts'
import { headerContent } from './header.ts'
import { insideParts, pageHead, splitParts, type Loading } from './loading.ts'
import { snippetsOf, unmatchedSection, type PolicyText, type Snippet } from './policy.ts'
import { script } from './script.ts'
import {
  integritySection,
  modelSection,
  problemsSection,
  rulesSection,
  totalsSection,
} from './sections.ts'
import { css } from './style.ts'
import { timelineSection } from './timeline.ts'

export interface HtmlOptions {
  /** Payloads to show beside the report, by call id. They are shown as given, not redacted. */
  readonly details?: ReadonlyMap<string, CallDetails>
  /** The outcome of verifying the journal behind the report. */
  readonly verification?: Verification
  /** The policy of the run, for the lines of its rules and for those that never applied. */
  readonly policy?: PolicyText
  /** Where the journal lies, for the command that explains a call. */
  readonly journal?: string
}

/** The page in four files, for hosts that allow no script and no style inside a page. */
export interface SplitHtml {
  readonly html: string
  readonly css: string
  readonly script: string
  readonly data: string
}

/** A part of the page under its name in the navigation; undefined when there is nothing to show. */
type Part = readonly [name: string, part: Section | undefined]

/** Calls written out for readers without script and for paper. */
const mostCalls = 80

/**
 * The report as one HTML page that needs nothing else: no outside request, and a content security
 * policy that allows none. Verdict, refusals, proof and the first calls stand in it as text; a script
 * of its own, allowed by its hash, adds a waterfall of up to 20,000 calls, filters and search.
 * All text is escaped, invisible characters are written as `\u{...}`, and no text becomes a link.
 * Texts longer than 16,384 UTF-16 code units are cut. The same report and options give the same bytes.
 */
export function renderHtml(report: Report, options: HtmlOptions = {}): string {
  const { data, render } = prepare(report, options)
  return render(insideParts({ css, script, data }))
}

/**
 * The same page with style, script and data in files beside it, which it looks for under
 * `<name>.css`, `<name>.js` and `<name>.data.js`. The name may hold letters, digits, `.`, `_`, `-`.
 */
export function renderSplitHtml(
  report: Report,
  name: string,
  options: HtmlOptions = {},
): SplitHtml {
  const { data, render } = prepare(report, options)
  const html = render(splitParts(name))
  return { html, css, script, data: `globalThis.sallyportReport = '${data}'\n` }
}

interface Prepared {
  readonly data: string
  readonly render: (loading: Loading) => string
}

function prepare(report: Report, options: HtmlOptions): Prepared {
  const summary = summarize(report)
  const snippets = snippetsOf(report, options.policy)
  const policyFile = report.header.policy.file
  const whereabouts: Whereabouts = {
    ...(options.journal === undefined ? {} : { journal: options.journal }),
    ...(policyFile === undefined ? {} : { policyFile }),
  }
  const held = chooseCalls(summary.calls, mostCallsOfData)
  const details = showableDetails(held, options.details)
  const rows = held.map(({ row }) => row)
  const data = packData({ report: { ...report, rows }, details, snippets, whereabouts })
  const parts = partsOf(report, summary, options, {
    details: new Map(details),
    snippets,
    whereabouts,
  })
  return {
    data,
    render: (loading) =>
      `<!doctype html>\n${renderToString(page(report, summary, parts, options.verification, loading))}\n`,
  }
}

/** What stands beside the rows of the report. */
interface Extras {
  readonly details: ReadonlyMap<string, CallDetails>
  readonly snippets: readonly Snippet[]
  readonly whereabouts: Whereabouts
}

function partsOf(
  report: Report,
  summary: Summary,
  options: HtmlOptions,
  extras: Extras,
): readonly Part[] {
  const calls = chooseCalls(summary.calls, mostCalls)
  const linked = new Set(calls)
  const of = (...outcomes: readonly Outcome[]): readonly CallSummary[] =>
    summary.calls.filter((call) => outcomes.includes(call.outcome))
  const cards = (id: string, title: string, chosen: readonly CallSummary[]): Section | undefined =>
    cardSection(id, title, chosen, linked, extras.snippets)
  const unenforced = of('executed').filter((call) => call.shadowed)
  return [
    ['not enforced', cards('unenforced', 'Not enforced in shadow mode', unenforced)],
    ['refused', cards('refused', 'Refused', of('refused'))],
    ['waiting', cards('waiting', 'Waiting for an answer', of('waiting'))],
    ['failed', cards('failed', 'Failed or stopped', of('failed', 'stopped'))],
    ['limits and errors', problemsSection(report)],
    ['all calls', callsSection(calls, summary.calls.length, extras)],
    ['timeline', timelineSection(report, summary.calls)],
    ['data flow', flowSection(summary.calls)],
    ['rules', rulesSection(summary.calls)],
    ['rules that never applied', unmatchedSection(report, options.policy)],
    ['model', modelSection(report.modelCalls)],
    ['totals', totalsSection(report)],
    ['integrity', integritySection(report, options.verification)],
  ]
}

function page(
  report: Report,
  summary: Summary,
  parts: readonly Part[],
  verification: Verification | undefined,
  loading: Loading,
): VNode {
  return element(
    'html',
    { lang: 'en' },
    pageHead(`${summary.headline} · ${report.header.runId}`, loading),
    element(
      'body',
      null,
      element('a', { class: 'skip', href: '#main' }, 'Skip to the report'),
      report.shadow &&
        element(
          'p',
          { class: 'shadow', role: 'note' },
          'Shadow mode: decisions of the policy were recorded, not enforced.',
        ),
      element('header', null, ...headerContent(report, summary, verification), navigation(parts)),
      element('main', { id: 'main' }, ...parts.map(([, part]) => part?.node)),
      element(
        'footer',
        null,
        `sallyport ${report.header.versions.sallyport} · Node.js ${report.header.versions.node} · report version ${report.version}`,
      ),
      ...loading.end,
    ),
  )
}

/** The parts that are there, as links inside the page. */
function navigation(parts: readonly Part[]): VNode {
  return element(
    'nav',
    { 'aria-label': 'Parts of the report' },
    element(
      'ul',
      null,
      parts.map(([title, part]) => {
        if (part === undefined) return undefined
        const kind = part.id === 'timeline' ? 'static' : undefined
        return element('li', { class: kind }, element('a', { href: `#${part.id}` }, title))
      }),
    ),
  )
}

/** All calls, or as many as there is room for: nothing that went wrong gives way to what went well. */
function chooseCalls(calls: readonly CallSummary[], most: number): readonly CallSummary[] {
  if (calls.length <= most) return calls
  const notable = calls.filter((call) => call.outcome !== 'executed' || call.shadowed)
  const kept = new Set(notable.slice(0, most))
  for (const call of calls) {
    if (kept.size === most) break
    kept.add(call)
  }
  return calls.filter((call) => kept.has(call))
}

/** All calls: a place for the script, and the first of them for readers without it. */
function callsSection(
  calls: readonly CallSummary[],
  total: number,
  extras: Extras,
): Section | undefined {
  if (total === 0) return undefined
  const rest = total - calls.length
  const lost = total - mostCallsOfData
  return section(
    'calls',
    'All calls',
    lost > 0 && element('p', { class: 'muted' }, `${leftOut(lost, total)} of this page.`),
    element('div', { id: 'explorer' }),
    element(
      'div',
      { class: 'static' },
      rest > 0 && element('p', null, `${leftOut(rest, total)} here and stand in report.json.`),
      element(
        'div',
        { class: 'columns', 'aria-hidden': 'true' },
        ['Effect', 'Call', 'Tool', 'Status', 'Decided by'].map((title) =>
          element('span', null, title),
        ),
        element('span', { class: 'time' }, 'Time'),
      ),
      element(
        'ol',
        { class: 'calls' },
        calls.map((call) =>
          callItem(call, { ...extras, details: extras.details.get(call.row.callId) }),
        ),
      ),
    ),
  )
}

function leftOut(count: number, total: number): string {
  return `${formatNumber(count)} of ${formatNumber(total)} calls are left out`
}
