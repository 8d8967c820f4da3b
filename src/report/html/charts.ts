import type { VNode } from 'preact'
import { element } from './element.ts'

/** One bar of a chart: parts that stand on each other, from the bottom. */
export interface Bar {
  readonly name: string
  readonly parts: readonly { readonly kind: string; readonly value: number }[]
}

const width = 900
const height = 140
const foot = 22
const head = 18

/**
 * Bars in one scale, with the largest value beside them. For the eye: the same figures stand in a
 * table, which is what the label names.
 */
export function barChart(
  bars: readonly Bar[],
  { label, most }: { readonly label: string; readonly most: (value: number) => string },
): VNode {
  const sums = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0))
  const top = Math.max(...sums, 0)
  const step = width / Math.max(1, bars.length)
  const scale = top === 0 ? 0 : (height - foot - head) / top
  return element(
    'svg',
    { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    element('line', { class: 'axis', x1: 0, x2: width, y1: height - foot, y2: height - foot }),
    element('text', { x: 0, y: 12 }, `at most ${most(top)}`),
    bars.map(({ parts }, index) => stack(parts, { x: index * step, step, scale })),
    element('text', { x: 0, y: height - 6 }, bars[0]?.name ?? ''),
    bars.length > 1 &&
      element('text', { x: width, y: height - 6, 'text-anchor': 'end' }, bars.at(-1)!.name),
  )
}

/** What the colours of drawings mean, by the class of each. */
export function legend(entries: readonly (readonly [kind: string, words: string])[]): VNode {
  return element(
    'ul',
    { class: 'legend' },
    entries.map(([kind, words]) =>
      element(
        'li',
        null,
        element(
          'svg',
          { viewBox: '0 0 12 12', 'aria-hidden': 'true' },
          element('rect', { class: kind, x: 0, y: 0, width: 12, height: 12 }),
        ),
        words,
      ),
    ),
  )
}

function stack(
  parts: Bar['parts'],
  { x, step, scale }: { readonly x: number; readonly step: number; readonly scale: number },
): readonly VNode[] {
  let y = height - foot
  const gap = Math.min(4, step * 0.2)
  return parts
    .filter(({ value }) => value > 0)
    .map(({ kind, value }) => {
      // what is there is seen
      const tall = Math.max(1, value * scale)
      y -= tall
      return element('rect', {
        class: kind,
        x: (x + gap / 2).toFixed(1),
        y: y.toFixed(1),
        width: Math.min(step - gap, 48).toFixed(1),
        height: tall.toFixed(1),
      })
    })
}
