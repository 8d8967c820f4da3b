import { hash } from 'node:crypto'
import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { formatNumber } from '../format.ts'
import type { Report } from '../report.ts'
import { summarize, type CallSummary, type Outcome, type Summary } from '../summary.ts'
import type { Verification } from '../verification.ts'
import { callItem, type CallDetails } from './call.ts'
import { cardSection } from './cards.ts'
import { element, section, styleElement, type Section } from './element.ts'
import { headerContent } from './header.ts'
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
}

/** A part of the page under its name in the navigation; undefined when there is nothing to show. */
type Part = readonly [name: string, part: Section | undefined]

/** Calls shown in full; of more, those that ran well are left out first. */
const mostCalls = 1000

/**
 * The report as one HTML page: no script, no outside request, a content security policy that
 * allows neither. All text is escaped, invisible characters are written as `\u{...}`, and no text
 * becomes a link. The same report and options give the same bytes.
 */
export function renderHtml(report: Report, options: HtmlOptions = {}): string {
  const summary = summarize(report)
  const calls = chooseCalls(summary.calls)
  const linked = new Set(calls)
  const of = (...outcomes: readonly Outcome[]): readonly CallSummary[] =>
    summary.calls.filter((call) => outcomes.includes(call.outcome))
  const unenforced = of('executed').filter((call) => call.shadowed)
  const parts: readonly Part[] = [
    ['not enforced', cardSection('unenforced', 'Not enforced in shadow mode', unenforced, linked)],
    ['refused', cardSection('refused', 'Refused', of('refused'), linked)],
    ['waiting', cardSection('waiting', 'Waiting for an answer', of('waiting'), linked)],
    ['failed', cardSection('failed', 'Failed or stopped', of('failed', 'stopped'), linked)],
    ['limits and errors', problemsSection(report)],
    ['all calls', callsSection(calls, summary.calls.length, options.details)],
    ['timeline', timelineSection(report, summary.calls)],
    ['rules', rulesSection(summary.calls)],
    ['model', modelSection(report.modelCalls)],
    ['totals', totalsSection(report)],
    ['integrity', integritySection(report, options.verification)],
  ]
  return `<!doctype html>\n${renderToString(page(report, summary, parts))}\n`
}

function page(report: Report, summary: Summary, parts: readonly Part[]): VNode {
  return element(
    'html',
    { lang: 'en' },
    element(
      'head',
      null,
      element('meta', { charset: 'utf-8' }),
      element('meta', { 'http-equiv': 'Content-Security-Policy', content: securityPolicy() }),
      element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      element('meta', { name: 'referrer', content: 'no-referrer' }),
      element('title', null, `${summary.headline} · ${report.header.runId}`),
      styleElement(css),
    ),
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
      element('header', null, ...headerContent(report, summary), navigation(parts)),
      element('main', { id: 'main' }, ...parts.map(([, part]) => part?.node)),
      element(
        'footer',
        null,
        `sallyport ${report.header.versions.sallyport} · Node.js ${report.header.versions.node} · report version ${report.version}`,
      ),
    ),
  )
}

function securityPolicy(): string {
  const style = `'sha256-${hash('sha256', css, 'base64')}'`
  return `default-src 'none'; style-src ${style}; img-src data:; base-uri 'none'; form-action 'none'`
}

/** The parts that are there, as links inside the page. */
function navigation(parts: readonly Part[]): VNode {
  return element(
    'nav',
    { 'aria-label': 'Parts of the report' },
    element(
      'ul',
      null,
      parts.map(
        ([title, part]) =>
          part !== undefined && element('li', null, element('a', { href: `#${part.id}` }, title)),
      ),
    ),
  )
}

/** All calls, or as many as a page can hold: nothing that went wrong gives way to what went well. */
function chooseCalls(calls: readonly CallSummary[]): readonly CallSummary[] {
  if (calls.length <= mostCalls) return calls
  const notable = calls.filter((call) => call.outcome !== 'executed' || call.shadowed)
  const kept = new Set(notable.slice(0, mostCalls))
  for (const call of calls) {
    if (kept.size === mostCalls) break
    kept.add(call)
  }
  return calls.filter((call) => kept.has(call))
}

function callsSection(
  calls: readonly CallSummary[],
  total: number,
  details: HtmlOptions['details'],
): Section | undefined {
  if (total === 0) return undefined
  const rest = total - calls.length
  return section(
    'calls',
    'All calls',
    rest > 0 &&
      element(
        'p',
        null,
        `${formatNumber(rest)} of ${formatNumber(total)} calls are left out here and stand in report.json.`,
      ),
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
      calls.map((call) => callItem(call, details?.get(call.row.callId))),
    ),
  )
}
