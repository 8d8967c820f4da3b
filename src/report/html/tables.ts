import { placeText } from '../../protocol/place.ts'
import { formatCost, formatDuration, formatImage, formatNumber } from '../format.ts'
import type { ModelCallRow, Report } from '../report.ts'
import type { CallSummary } from '../summary.ts'
import { code, element, leftOut, mostRows, section, table } from './element.ts'
import type { Content, Section } from './element.ts'
import { ToolCounts } from './tool-counts.ts'

/** What is counted over all calls and responses of a run, as tables. */
export class Tables {
  readonly #rules = new RuleCounts()
  readonly #tools = new ToolCounts()
  readonly #models = new ModelTable()

  call(call: CallSummary): void {
    this.#rules.add(call)
    this.#tools.add(call)
  }

  modelCall(call: ModelCallRow): void {
    this.#models.add(call)
  }

  rules(): Section | undefined {
    return this.#rules.section()
  }

  tools(report: Report): Section | undefined {
    return this.#tools.section(report.header.toolSet)
  }

  model(): Section | undefined {
    return this.#models.section()
  }
}

interface RuleCount {
  readonly rule: string
  readonly effect: string
  readonly place: string | undefined
  count: number
}

/** How often each rule decided. */
class RuleCounts {
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
    leftOut(entries.length),
  )
}

/** One line for each model response. */
class ModelTable {
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
    leftOut(count),
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
