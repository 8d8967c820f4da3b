import { delegatedText } from '../agents.ts'
import { formatCost, formatDuration, formatImage, formatNumber, plural } from '../format.ts'
import type { ModelCallRow, Report } from '../report.ts'
import { placeText } from '../../protocol/place.ts'
import type { CallSummary } from '../summary.ts'
import type { Verification } from '../verification.ts'
import { code, element, fact, section, table, type Content, type Section } from './element.ts'

/** Rows of a table beyond this number are left out. */
const mostRows = 100

interface RuleCount {
  readonly rule: string
  readonly effect: string
  readonly place: string | undefined
  count: number
}

/** How often each rule decided. */
export class RuleCounts {
  readonly #byRule = new Map<string, RuleCount>()

  add({ effect, place, rule }: CallSummary): void {
    const where = place === undefined ? undefined : placeText(place)
    const key = `${effect} ${rule} ${where ?? ''}`
    const entry = this.#byRule.get(key)
    if (entry === undefined) this.#byRule.set(key, { rule, effect, place: where, count: 1 })
    else entry.count++
  }

  section(): Section | undefined {
    return this.#byRule.size === 0 ? undefined : rulesSection([...this.#byRule.values()])
  }
}

function rulesSection(counts: readonly RuleCount[]): Section {
  const entries = counts.toSorted((a, b) => b.count - a.count)
  return section(
    'rules',
    'Decisions by rule',
    table(
      'Decisions by rule',
      [
        { title: 'Rule' },
        { title: 'Effect' },
        { title: 'Place' },
        { title: 'Calls', numeric: true },
      ],
      entries
        .slice(0, mostRows)
        .map(({ count, effect, place, rule }) => [
          rule,
          effect,
          place === undefined ? 'none' : code(place),
          formatNumber(count),
        ]),
    ),
    left(entries.length),
  )
}

/** One line for each model response. */
export class ModelTable {
  readonly #first: ModelCallRow[] = []
  #count = 0

  add(call: ModelCallRow): void {
    this.#count++
    if (this.#first.length < mostRows) this.#first.push(call)
  }

  section(): Section | undefined {
    return this.#count === 0 ? undefined : modelSection(this.#first, this.#count)
  }
}

function modelSection(first: readonly ModelCallRow[], count: number): Section {
  return section(
    'model',
    'Model responses',
    table(
      'Model responses',
      [
        { title: 'Turn', numeric: true },
        { title: 'Model' },
        { title: 'Finish' },
        { title: 'Attempts' },
        { title: 'Tokens in', numeric: true },
        { title: 'Tokens out', numeric: true },
        { title: 'Cost', numeric: true },
        { title: 'Time', numeric: true },
      ],
      first.map(modelCells),
    ),
    left(count),
  )
}

function modelCells(call: ModelCallRow): readonly Content[] {
  const { usage } = call
  return [
    String(call.turn),
    [
      call.model,
      call.responseId !== undefined && element('div', { class: 'muted' }, code(call.responseId)),
      call.images?.map((image) =>
        element('div', { class: 'muted' }, `picture: ${formatImage(image)}`),
      ),
    ],
    call.error === undefined
      ? (call.finishReason?.unified ?? 'no end')
      : element('span', { class: 'bad' }, `${call.error.code}: ${call.error.message}`),
    [
      String(call.attempts),
      call.retries.map((retry) =>
        element('div', { class: 'muted' }, `retry after ${retry.reason.message}`),
      ),
      call.fallbacks.map((fallback) =>
        element(
          'div',
          { class: 'muted' },
          `${fallback.from} → ${fallback.to}: ${fallback.reason.message}`,
        ),
      ),
    ],
    formatNumber(usage.inputTokens),
    formatNumber(usage.outputTokens),
    call.cost === undefined ? 'unknown' : formatCost(call.cost),
    formatDuration(call.durationMs),
  ]
}

/** Limits the run came up against, and the error that ended it. */
export function problemsSection(report: Report): Section | undefined {
  const { limits, end } = report
  if (limits.length === 0 && end.error === undefined) return undefined
  return section(
    'problems',
    'Limits and errors of the run',
    element(
      'dl',
      null,
      limits
        .slice(0, mostRows)
        .map((limit) =>
          fact(limit.limit, `${limit.message} (at most ${limit.max}, turn ${limit.turn})`),
        ),
      end.error !== undefined && fact(end.error.code, end.error.message),
      end.error?.help !== undefined && fact('How to fix', end.error.help),
    ),
  )
}

/** Tokens, money, and the statuses of all calls. */
export function totalsSection(report: Report): Section {
  const { totals } = report
  const { usage, cost, unpriced } = totals
  const delegated = delegatedText(totals)
  return section(
    'totals',
    'Totals',
    element(
      'dl',
      null,
      fact('Calls', statusText(report)),
      fact('Turns', formatNumber(totals.turns)),
      delegated !== undefined && fact('In runs of agents', delegated),
      fact(
        'Input tokens',
        `${formatNumber(usage.inputTokens)}, of them ${formatNumber(usage.cacheReadTokens)} from cache`,
      ),
      fact(
        'Output tokens',
        `${formatNumber(usage.outputTokens)}, of them ${formatNumber(usage.reasoningTokens)} for reasoning`,
      ),
      fact(
        'Cost',
        cost === undefined ? 'unknown' : formatCost(cost),
        cost !== undefined &&
          unpriced > 0 &&
          `, and ${plural(unpriced, 'response')} of unknown cost`,
      ),
    ),
  )
}

function statusText(report: Report): string {
  const counts = Object.entries(report.totals.byStatus).map(
    ([status, count]) => `${count} ${status}`,
  )
  return [formatNumber(report.totals.calls), ...counts].join(' · ')
}

/** What the report rests on, and what nobody should read into it. */
export function integritySection(report: Report, verification: Verification | undefined): Section {
  return section(
    'integrity',
    'Integrity',
    element(
      'dl',
      null,
      fact('Chain head', report.head === null ? 'no journal' : code(report.head)),
      fact('Policy digest', code(report.header.policy.digest)),
      fact('Tool set digest', code(report.header.toolSet.digest)),
      verification !== undefined &&
        fact('Verdict', `${verification.verdict}: ${verification.message}`),
    ),
    verification === undefined
      ? element(
          'p',
          null,
          'This page was not compared with its journal. It proves nothing by itself: check the journal with ',
          code('sallyport verify'),
          ' and compare the head.',
        )
      : [claimList('Proved', verification.proved), claimList('Not proved', verification.notProved)],
  )
}

function claimList(title: string, claims: readonly string[]): Content {
  if (claims.length === 0) return undefined
  return [
    element('h3', null, title),
    element(
      'ul',
      { class: 'proof' },
      claims.map((claim) => element('li', null, claim)),
    ),
  ]
}

function left(count: number): Content {
  const rest = count - mostRows
  return rest > 0 && element('p', { class: 'muted' }, `And ${formatNumber(rest)} more.`)
}
