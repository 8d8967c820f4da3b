import type { VNode } from 'preact'
import { element, type Section } from './element.ts'

/** A part of the page under its name in the navigation; undefined when there is nothing to show. */
export type Part = readonly [name: string, part: Section | undefined]

/** The parts that are there, as links inside the page. */
export function navigation(parts: readonly Part[]): VNode {
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
