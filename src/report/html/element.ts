import { h, type VNode } from 'preact'
import { visible } from '../../base/text.ts'
import { formatNumber } from '../format.ts'
import { prettyJson } from '../json.ts'
import { bounded, longestText } from './bounded.ts'

/** What can stand inside an element. `undefined` and `false` stand for nothing. */
export type Content = VNode | string | number | false | undefined | readonly Content[]

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * One element of the page. The only way to make one: every string, attribute values included, is
 * made visible here and escaped by the renderer, so no text can become markup or hide. Tag and
 * attribute names are literals of this folder, never data.
 */
export function element(tag: string, attributes: Attributes | null, ...content: Content[]): VNode {
  const shown: Record<string, string | number | boolean | undefined> = {}
  for (const [name, value] of Object.entries(attributes ?? {})) {
    shown[name] = typeof value === 'string' ? visible(value) : value
  }
  return h(tag, shown, ...content.map(show))
}

type Shown = VNode | string | number | undefined | readonly Shown[]

function show(content: Content): Shown {
  if (content === false || content === undefined) return undefined
  if (typeof content === 'string') return visible(bounded(content))
  return isList(content) ? content.map(show) : content
}

function isList(content: Content): content is readonly Content[] {
  return Array.isArray(content)
}

/** A block of JSON. Line breaks come from the indentation only; those in strings are escaped. */
export function jsonBlock(value: unknown): VNode {
  return textBlock(prettyJson(value))
}

/** A block of text that keeps its line breaks; a carriage return stays visible. */
export function textBlock(text: string): VNode {
  const lines = text.slice(0, longestText).split('\n').map(visible)
  const rest = text.length - longestText
  if (rest > 0) lines.push(`… (${rest} more characters)`)
  const attributes: Record<string, number> = { tabIndex: 0 }
  return h('pre', attributes, lines.join('\n'))
}

/** A term and its description, for lists of facts; nothing when there is nothing to say. */
export function fact(term: string, ...content: Content[]): Content {
  return [element('dt', null, term), element('dd', null, ...content)]
}

/** An identifier, digest, place or piece of JSON inside a text. */
export function code(text: string): VNode {
  return element('code', null, text)
}

/** A part of the page that can be linked to. */
export interface Section {
  readonly id: string
  readonly node: VNode
}

/** A part of the page with a heading of its own. */
export function section(id: string, title: string, ...content: Content[]): Section {
  const node = element(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    element('h2', { id: `${id}-title` }, title),
    ...content,
  )
  return { id, node }
}

export interface Column {
  readonly title: string
  /** Right-aligned figures. */
  readonly numeric?: boolean
}

/** A table that scrolls by itself where it is wider than the page. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): VNode {
  const kind = (index: number): string => (columns[index]?.numeric === true ? 'number' : 'text')
  return element(
    'div',
    { class: 'scroll', role: 'group', 'aria-label': caption, tabIndex: 0 },
    element(
      'table',
      null,
      element('caption', { class: 'hidden' }, caption),
      element(
        'thead',
        null,
        element(
          'tr',
          null,
          columns.map((column, index) =>
            element('th', { scope: 'col', class: kind(index) }, column.title),
          ),
        ),
      ),
      element(
        'tbody',
        null,
        rows.map((cells) =>
          element(
            'tr',
            null,
            cells.map((cell, index) => element('td', { class: kind(index) }, cell)),
          ),
        ),
      ),
    ),
  )
}

/** Rows of a table beyond this number are left out. */
export const mostRows = 100

/** Says of a table of `count` rows that some are left out. */
export function leftOut(count: number): Content {
  const rest = count - mostRows
  return rest > 0 && element('p', { class: 'muted' }, `And ${formatNumber(rest)} more.`)
}
