import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { formatNumber } from '../format.ts'
import type { LongReport, Outline, Visitor } from '../long.ts'
import type { CallRow, ModelCallRow, Report } from '../report.ts'
import { summarize, type CallSummary } from '../summary.ts'
import type { Verification } from '../verification.ts'
import { callItem, type CallExtras } from './call.ts'
import { Cards } from './cards.ts'
import { Chosen, isNotable } from './chosen.ts'
import type { Whereabouts } from './command.ts'
import { DataOfPage, showableDetails } from './data.ts'
import type { CallDetails } from './packed.ts'
import { element, section, type Section } from './element.ts'
import { Flows } from './flow.ts'
import { headerContent } from './header.ts'
import { placeName } from './look.ts'
import { insideParts, pageHead, splitParts, untilWhole, type Loading } from './loading.ts'
import { navigation, type Part } from './navigation.ts'
import { noteRules, snippetsOf, unmatchedSection, type PolicyText } from './policy.ts'
import { script } from './script.ts'
import { integritySection, problemsSection, totalsSection } from './sections.ts'
import { css } from './style.ts'
import { Tables } from './tables.ts'
import { Timeline } from './timeline.ts'
import { checkReport } from '../given.ts'

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
  return pageOf(report, options).inside()
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
  return pageOf(report, options).split(name)
}

/** The page of a run that is read in pieces: the same bytes, and no more memory than a page takes. */
export async function longPage(report: LongReport, options: HtmlOptions): Promise<Page> {
  const content = new PageContent(options)
  const outline = await report.outline(content)
  const extras = content.extras(outline.report)
  return content.page(outline, extras, await content.packInPieces(outline, extras))
}

export function pageOf(report: Report, options: HtmlOptions = {}): Page {
  const content = new PageContent(options)
  const { calls, ...summary } = summarize(checkReport(report))
  for (const call of calls) content.call(call)
  for (const call of report.modelCalls) content.modelCall(call)
  const outline = { report, summary }
  const extras = content.extras(report)
  return content.page(outline, extras, content.pack(outline, extras))
}

type Extras = Omit<CallExtras, 'details'>

/** What a page shows of a run, gathered one call after another and bounded however many there are. */
class PageContent implements Visitor {
  readonly #options: HtmlOptions
  readonly #data = new DataOfPage()
  readonly #listed = new Chosen<CallSummary>(mostCalls)
  readonly #timeline = new Timeline()
  readonly #flows = new Flows()
  readonly #tables = new Tables()
  readonly #rulesSeen = new Set<string>()
  readonly #unenforced = new Cards('unenforced', 'Not enforced in shadow mode')
  readonly #refused = new Cards('refused', 'Refused')
  readonly #waiting = new Cards('waiting', 'Waiting for an answer')
  readonly #failed = new Cards('failed', 'Failed or stopped')

  constructor(options: HtmlOptions) {
    this.#options = options
  }

  call(call: CallSummary): void {
    this.#data.add(call, this.#details)
    this.#listed.add(isNotable(call), () => call)
    this.#timeline.add(call)
    this.#flows.add(call)
    this.#tables.call(call)
    noteRules(call.row, this.#rulesSeen)
    this.#cardsOf(call)?.add(call)
  }

  modelCall(call: ModelCallRow): void {
    this.#data.addModelCall(call)
    this.#timeline.addModelCall(call)
    this.#tables.modelCall(call)
  }

  pack({ report }: Outline, extras: Extras): string {
    return this.#data.pack({ report, ...extras })
  }

  packInPieces({ report }: Outline, extras: Extras): Promise<string> {
    return this.#data.packInPieces({ report, ...extras })
  }

  /** The page over everything gathered, with the data that was packed of it. */
  page(outline: Outline, extras: Extras, data: string): Page {
    const parts = this.#parts(outline.report, extras)
    return new Page(data, (loading) => page(outline, parts, this.#options.verification, loading))
  }

  /** What stands beside the calls, once all have been gathered. */
  extras(report: Report): Extras {
    const { journal, policy } = this.#options
    const policyFile = report.header.policy.file
    const whereabouts: Whereabouts = {
      ...(journal === undefined ? {} : { journal }),
      ...(policyFile === undefined ? {} : { policyFile }),
    }
    return { snippets: snippetsOf(report, policy, this.#rulesSeen), whereabouts }
  }

  readonly #details = (row: CallRow): CallDetails | undefined =>
    showableDetails(row, this.#options.details?.get(row.callId))

  #cardsOf({ outcome, shadowed }: CallSummary): Cards | undefined {
    if (outcome === 'executed') return shadowed ? this.#unenforced : undefined
    if (outcome === 'refused') return this.#refused
    return outcome === 'waiting' ? this.#waiting : this.#failed
  }

  #parts(report: Report, extras: Extras): readonly Part[] {
    const { policy, verification } = this.#options
    const linked = new Set(this.#listed.all())
    const cards = (of: Cards): Section | undefined => of.section(linked, extras.snippets)
    return [
      ['not enforced', cards(this.#unenforced)],
      ['refused', cards(this.#refused)],
      ['waiting', cards(this.#waiting)],
      ['failed', cards(this.#failed)],
      ['limits and errors', problemsSection(report)],
      ['all calls', this.#calls(report, extras)],
      ['timeline', this.#timeline.section(report)],
      ['data flow', this.#flows.section()],
      ['rules', this.#tables.rules()],
      ['rules that never applied', unmatchedSection(report, policy, this.#rulesSeen)],
      ['tools', this.#tables.tools(report)],
      ['model', this.#tables.model()],
      ['totals', totalsSection(report)],
      ['integrity', integritySection(report, verification)],
    ]
  }

  /** All calls: a place for the script, and the first of them for readers without it. */
  #calls({ header: { runId } }: Report, extras: Extras): Section | undefined {
    const items = this.#listed
      .all()
      .map((call) => callItem(call, { ...extras, details: this.#details(call.row) }))
    const leftOut = { ofData: this.#data.leftOut, ofText: this.#listed.leftOut }
    const total = this.#listed.count
    const place = { 'data-run': placeName(runId), 'data-calls': `${total - leftOut.ofData}` }
    return items.length === 0 ? undefined : callsSection(items, leftOut, { place, total })
  }
}

/** A page that is ready but for where its style, script and data go. */
export class Page {
  readonly #data: string
  readonly #render: (loading: Loading) => VNode

  constructor(data: string, render: (loading: Loading) => VNode) {
    this.#data = data
    this.#render = render
  }

  inside(): string {
    return this.#text(insideParts({ css, script, data: this.#data }))
  }

  split(name: string): SplitHtml {
    const html = this.#text(splitParts(name))
    return {
      html,
      css: `${untilWhole}${css}`,
      script,
      data: `globalThis.sallyportReport = '${this.#data}'\n`,
    }
  }

  #text(loading: Loading): string {
    return `<!doctype html>\n${renderToString(this.#render(loading))}\n`
  }
}

function page(
  { report, summary }: Outline,
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

function callsSection(
  items: readonly VNode[],
  leftOut: { readonly ofData: number; readonly ofText: number },
  { place, total }: { readonly place: Readonly<Record<string, string>>; readonly total: number },
): Section {
  const words = (count: number): string =>
    `${formatNumber(count)} of ${formatNumber(total)} calls are left out`
  return section(
    'calls',
    'All calls',
    leftOut.ofData > 0 &&
      element('p', { class: 'muted' }, `${words(leftOut.ofData)} of this page.`),
    element('div', { id: 'explorer', ...place }),
    element(
      'div',
      { class: 'static' },
      leftOut.ofText > 0 &&
        element('p', null, `${words(leftOut.ofText)} here and stand in report.json.`),
      element(
        'div',
        { class: 'columns', 'aria-hidden': 'true' },
        ['Effect', 'Call', 'Tool', 'Status', 'Decided by'].map((title) =>
          element('span', null, title),
        ),
        element('span', { class: 'time' }, 'Time'),
      ),
      element('ol', { class: 'calls' }, items),
    ),
  )
}
