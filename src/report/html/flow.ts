import type { VNode } from 'preact'
import { codePointBorder, compareTexts } from '../../base/text.ts'
import { describeOrigin } from '../labels.ts'
import { formatNumber, plural } from '../format.ts'
import type { CallSummary } from '../summary.ts'
import { element, section, table, type Section } from './element.ts'

/** Flows beyond this number are left out: a picture of more is none. */
const mostFlows = 40

/** Letters of a name in the picture; the table beside it has all of them. */
const longestName = 34

const rowHeight = 26
const width = 900
const left = 320
const right = 580

/** Where an argument came from and which tool took it, over all calls. */
interface Flow {
  readonly source: string
  readonly sink: string
  readonly trust: string
  readonly secrecy: string | undefined
  calls: number
  /** Calls among them that were refused. */
  refused: number
}

/** From which results, messages and files the arguments came. */
export class Flows {
  readonly #found = new Map<string, Flow>()

  add({ row, outcome }: CallSummary): void {
    for (const { argument, from, trust, secrecy } of row.labels) {
      const sink = `${row.tool} ${argument}`
      const sources = from.length === 0 ? ['the model'] : from.map(placeless)
      for (const source of new Set(sources)) {
        const key = JSON.stringify([source, sink, trust, secrecy])
        const flow = this.#found.get(key) ?? { source, sink, trust, secrecy, calls: 0, refused: 0 }
        flow.calls++
        if (outcome === 'refused') flow.refused++
        this.#found.set(key, flow)
      }
    }
  }

  /** A picture, and the same as a table. */
  section(): Section | undefined {
    return this.#found.size === 0 ? undefined : flowSection(inOrder([...this.#found.values()]))
  }
}

function flowSection(flows: readonly Flow[]): Section {
  const shown = flows.slice(0, mostFlows)
  const rest = flows.length - shown.length
  return section(
    'flow',
    'Data flow',
    element(
      'div',
      {
        class: 'scroll flow',
        role: 'group',
        'aria-label': 'Picture of the data flow',
        tabIndex: 0,
      },
      picture(shown),
    ),
    table(
      'Data flow',
      [
        { title: 'From' },
        { title: 'To' },
        { title: 'Trust' },
        { title: 'Secrecy' },
        { title: 'Calls', numeric: true },
        { title: 'Refused', numeric: true },
      ],
      shown.map((flow) => [
        flow.source,
        flow.sink,
        flow.trust,
        flow.secrecy ?? 'none',
        formatNumber(flow.calls),
        formatNumber(flow.refused),
      ]),
    ),
    rest > 0 && element('p', { class: 'muted' }, `And ${formatNumber(rest)} more.`),
  )
}

/** Untrusted and refused ones first, then the most frequent; ties by name. */
function inOrder(flows: readonly Flow[]): readonly Flow[] {
  return flows.toSorted(
    (a, b) =>
      Number(b.trust === 'untrusted') - Number(a.trust === 'untrusted') ||
      b.refused - a.refused ||
      b.calls - a.calls ||
      compareTexts(a.source, b.source) ||
      compareTexts(a.sink, b.sink),
  )
}

/** The source without the call it was in: the picture is of tools and fields. */
function placeless(origin: Parameters<typeof describeOrigin>[0]): string {
  const { callId: _callId, ...rest } = origin
  return describeOrigin(rest)
}

function picture(flows: readonly Flow[]): VNode {
  const sources = [...new Set(flows.map((flow) => flow.source))]
  const sinks = [...new Set(flows.map((flow) => flow.sink))]
  const height = Math.max(sources.length, sinks.length) * rowHeight
  const y = (names: readonly string[], name: string): number =>
    ((names.indexOf(name) + 0.5) * height) / names.length
  return element(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': `${plural(flows.length, 'flow')} of data; the table below names them`,
    },
    flows.map((flow) => {
      const [from, to] = [y(sources, flow.source), y(sinks, flow.sink)]
      const middle = (left + right) / 2
      return element('path', {
        class: `edge ${edgeKind(flow)}`,
        d: `M${left} ${from.toFixed(1)}C${middle} ${from.toFixed(1)} ${middle} ${to.toFixed(1)} ${right} ${to.toFixed(1)}`,
        'stroke-width': Math.min(8, 1.5 + Math.log2(flow.calls)).toFixed(1),
      })
    }),
    sources.map((name) => nodeText(name, left - 8, y(sources, name), 'end')),
    sinks.map((name) => nodeText(name, right + 8, y(sinks, name), 'start')),
  )
}

/** The kinds differ in their dashes too, not in colour alone. */
function edgeKind({ trust, refused, calls }: Flow): string {
  if (refused === calls) return 'edge-refused'
  return trust === 'untrusted' ? 'edge-untrusted' : 'edge-trusted'
}

function nodeText(name: string, x: number, y: number, anchor: 'start' | 'end'): VNode {
  return element(
    'text',
    { x, y: y.toFixed(1), 'text-anchor': anchor, 'dominant-baseline': 'central' },
    name.length > longestName ? `${name.slice(0, codePointBorder(name, longestName))}…` : name,
  )
}
