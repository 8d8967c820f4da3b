import type { VNode } from 'preact'
import { formatCost, formatNumber, plural } from '../format.ts'
import type { Overview, Totals } from '../overview.ts'
import { barChart, legend } from './charts.ts'
import { element, table, type Content } from './element.ts'

export const chartCss = `
.chart { display: block; width: 100%; min-width: 40rem; padding: .5rem .75rem; }
.chart text { fill: var(--muted); font-size: 12px; }
.whole { white-space: nowrap; }
.chart .axis { stroke: var(--line); }
.bar-cost { fill: var(--accent); } .bar-executed { fill: var(--good); } .bar-refused { fill: var(--bad); } .bar-other { fill: var(--model); }
.scroll + .scroll, .scroll + .legend { margin-top: .5rem; } .legend + .scroll { margin-top: .5rem; }
`

/** What runs cost, where that is known, and what became of their calls, as pictures and as a table. */
export function timeContent({ unit, left, spans }: Overview['overTime']): Content {
  const isPriced = spans.some(({ value }) => value.cost !== undefined)
  const costs = spans.map(({ at, value }) => ({
    name: at,
    parts: [{ kind: 'bar-cost', value: value.cost?.amount ?? 0 }],
  }))
  const calls = spans.map(({ at, value: { counts } }) => ({
    name: at,
    parts: [
      { kind: 'bar-executed', value: counts.executed },
      { kind: 'bar-refused', value: counts.refused },
      { kind: 'bar-other', value: counts.failed + counts.waiting + counts.stopped },
    ],
  }))
  return [
    isPriced &&
      scroll('Cost over time', barChart(costs, { label: `Cost for each ${unit}`, most: dollars })),
    scroll(
      'Calls over time',
      barChart(calls, {
        label: `Calls for each ${unit}: executed, refused, others`,
        most: formatNumber,
      }),
    ),
    legend([
      ...(isPriced ? [['bar-cost', 'cost'] as const] : []),
      ['bar-executed', 'executed'],
      ['bar-refused', 'refused'],
      ['bar-other', 'failed, waiting or stopped'],
    ]),
    table(
      `For each ${unit}, UTC`,
      [
        { title: `Each ${unit}` },
        { title: 'Runs', numeric: true },
        { title: 'Calls', numeric: true },
        { title: 'Refused', numeric: true },
        { title: 'Cost', numeric: true },
      ],
      spans.filter(({ value }) => value.runs > 0).map(({ at, value }) => timeCells(at, value)),
    ),
    left > 0 &&
      element('p', { class: 'muted' }, `Runs of ${plural(left, `earlier ${unit}`)} are left out.`),
  ]
}

function dollars(amount: number): string {
  return `$${amount.toFixed(4)}`
}

function timeCells(at: string, { runs, calls, counts, cost }: Totals): readonly Content[] {
  return [
    element('span', { class: 'whole' }, at),
    formatNumber(runs),
    formatNumber(calls),
    formatNumber(counts.refused),
    cost === undefined ? 'unknown' : formatCost(cost),
  ]
}

function scroll(label: string, content: VNode): VNode {
  return element(
    'div',
    { class: 'scroll', role: 'group', 'aria-label': label, tabIndex: 0 },
    content,
  )
}
