import type { VNode } from 'preact'
import { shorten } from '../../base/text.ts'
import { plural } from '../format.ts'
import { compactJson } from '../json.ts'
import { placeText } from '../../protocol/place.ts'
import { callNumber, type CallSummary } from '../summary.ts'
import { outcomeMark } from './call.ts'
import { code, element, fact, section, type Content, type Section } from './element.ts'
import { anchorOf } from './look.ts'
import { snippetBlock, type Snippet } from './policy.ts'

/** Cards beyond this number are counted, not shown; every call is in the list of calls. */
const mostCards = 100

/**
 * Calls of one kind that a reader has to know about first, each with why, who decided and how to
 * fix it.
 */
export class Cards {
  readonly #id: string
  readonly #title: string
  readonly #first: CallSummary[] = []
  #count = 0

  constructor(id: string, title: string) {
    this.#id = id
    this.#title = title
  }

  add(call: CallSummary): void {
    this.#count++
    if (this.#first.length < mostCards) this.#first.push(call)
  }

  section(linked: ReadonlySet<CallSummary>, snippets: readonly Snippet[]): Section | undefined {
    if (this.#count === 0) return undefined
    const rest = this.#count - mostCards
    return section(
      this.#id,
      `${this.#title} (${this.#count})`,
      element(
        'ul',
        { class: 'cards' },
        this.#first.map((call) => card(call, linked.has(call), snippets)),
      ),
      rest > 0 && element('p', { class: 'muted' }, `And ${plural(rest, 'more call')}.`),
    )
  }
}

function card(call: CallSummary, linked: boolean, snippets: readonly Snippet[]): VNode {
  const { row, place, help } = call
  return element(
    'li',
    null,
    element(
      'h3',
      null,
      outcomeMark(call),
      element('span', { class: 'code' }, row.tool),
      element('span', { class: 'muted' }, ` · ${row.status} · `),
      linked
        ? element('a', { href: `#${anchorOf(row)}` }, `call ${callNumber(row)}`)
        : `call ${callNumber(row)}`,
    ),
    call.reasons.slice(0, 5).map((reason) => element('p', { class: 'why' }, reason)),
    element(
      'dl',
      null,
      fact('Decided by', call.rule, ...placeContent(place)),
      row.args != null && fact('Arguments', code(shorten(compactJson(row.args), 300))),
      help !== undefined && fact('How to fix', help),
    ),
    ...snippetBlock(call.rule, snippets),
  )
}

function placeContent(place: CallSummary['place']): Content[] {
  return place === undefined ? [] : [' · ', code(placeText(place))]
}
