import { amountsIn } from './amounts.ts'
import { decimalOf } from './words.ts'

/** What joins the parts of a URL, an address or a path. */
export const joint = /[^\p{L}\p{N}._-]+/u
/** Says nothing about where a link leads. */
const scheme = /^(?:any|https?):(?:\/\/)?/

/** Longest account, phone number or card that is written in groups. */
const maxGrouped = 34
const digit = /\p{N}/u
const notWord = /[^\p{L}\p{N}]+/gu

/** A word without what joins it. */
interface Group {
  readonly text: string
  /** Every part of it has a digit: it is no name. */
  readonly isNumber: boolean
}

/**
 * Tells words that say what a tool was asked with in another spelling: its parts joined to a path or
 * an address, an amount with its digits grouped, a number or an account in groups.
 */
export class Respelling {
  readonly #words: ReadonlySet<string>
  readonly #forms: ReadonlySet<string>
  readonly #values: ReadonlySet<string>
  /** How an account or a number begins that may come back in groups. */
  readonly #beginnings = new Set<string>()

  /** `words` and typed `forms` of what was asked, and the `values` in it without their gaps. */
  constructor(words: ReadonlySet<string>, forms: ReadonlySet<string>, values: ReadonlySet<string>) {
    this.#words = words
    this.#forms = forms
    this.#values = values
    const accounts = [...forms].filter((form) => form.startsWith('iban:'))
    const grouped = [...values].filter((value) => digit.test(value))
    for (const value of [...grouped, ...accounts.map((form) => form.slice(5).toLowerCase())]) {
      if (value.length > maxGrouped) continue
      for (let end = 1; end <= value.length; end++) this.#beginnings.add(value.slice(0, end))
    }
  }

  /** Which of the words are such. */
  coverOf(words: readonly string[]): readonly boolean[] {
    const isCovered = words.map((word) => this.#isJoined(word) || this.#isAmount(word))
    if (this.#beginnings.size === 0) return isCovered
    const groups = words.map((word) => ({
      text: word.replace(notWord, ''),
      isNumber: word.split(notWord).every((row) => row === '' || digit.test(row)),
    }))
    for (const start of groups.keys()) {
      const end = this.#groupedFrom(groups, start)
      for (let at = start; at < end; at++) isCovered[at] = true
    }
    return isCovered
  }

  /** Whether a typed value is made of parts of what was asked. */
  isFormJoined(form: string): boolean {
    return this.#isMade(form.slice(form.indexOf(':') + 1).toLowerCase())
  }

  #isJoined(word: string): boolean {
    return !this.#words.has(word) && joint.test(word) && this.#isMade(word)
  }

  #isMade(text: string): boolean {
    const parts = text.replace(scheme, '').split(joint)
    const named = parts.filter((part) => part !== '')
    return named.length > 0 && named.every((part) => this.#words.has(part))
  }

  #isAmount(word: string): boolean {
    if (!digit.test(word)) return false
    const amounts = [decimalOf(word), ...amountsIn(word)]
    return amounts.some(
      (amount) => amount !== undefined && amount !== word && this.#words.has(amount),
    )
  }

  /** Where the groups from `start` on that are one value end; `start` where they are none. */
  #groupedFrom(groups: readonly Group[], start: number): number {
    let value = ''
    let end = start
    let isNumber = true
    for (let at = start; at < groups.length; at++) {
      const { isNumber: isPart, text } = groups[at]!
      isNumber &&= isPart
      value += text
      if (!this.#beginnings.has(value)) break
      const isAccount = this.#forms.has(`iban:${value.toUpperCase()}`)
      if (isAccount || (isNumber && this.#values.has(value))) end = at + 1
    }
    return end
  }
}
