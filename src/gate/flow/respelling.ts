import { amountsIn } from './amounts.ts'
import type { Print } from './print.ts'
import { decimalOf } from './words.ts'

/** What joins the parts of a URL, an address or a path. */
export const joint = /[^\p{L}\p{N}._-]+/u
/** Says nothing about where a link leads. */
const scheme = /^(?:(?:any|https?|mailto):(?:\/\/)?|[a-z][a-z0-9+.-]*:\/\/)/
/** In front of the path, query or fragment of a link; without its user and its port. */
const host = /^(?:[^/?#\\]*@)?([^/?#\\@:]{1,253})(?![^/?#\\@:])/
const bareHost = /^[^/?#\\@:]+\.\p{L}[\p{L}\p{N}-]+(?=[:/?#\\])/u
const account = /^[a-z]{2}[0-9]{2}[a-z0-9]{8,30}$/

/** Longest account, phone number or card that is written in groups. */
const maxGrouped = 34
const digit = /\p{N}/u
const notWord = /[^\p{L}\p{N}]+/gu

interface Asked {
  readonly words: ReadonlySet<string>
  readonly forms: ReadonlySet<string>
  readonly values: ReadonlySet<string>
  readonly hosts: ReadonlySet<string>
}

/** The hosts that were asked with, by themselves or in links: at each of them others may live. */
export function hostsOf({ forms, words }: Print): readonly string[] {
  const typed = forms.flatMap((form) => (form.startsWith('host:') ? [form.slice(5)] : []))
  const named = words
    .filter((word) => !word.includes('@'))
    .flatMap((word) => host.exec(word.replace(scheme, ''))?.[1] ?? [])
  return [...typed, ...named].filter((name) => name.includes('.'))
}

/** A word without what joins it. */
interface Group {
  readonly text: string
  /** Every part of it has a digit: it is no name. */
  readonly isNumber: boolean
}

/**
 * Tells words that say what a tool was asked with in another spelling: its parts joined to a path or
 * an address, any link or address at a host it was asked with, an amount with its digits grouped, a
 * number or an account in groups, also where each was asked with by itself.
 */
export class Respelling {
  readonly #words: ReadonlySet<string>
  readonly #forms: ReadonlySet<string>
  readonly #values: ReadonlySet<string>
  readonly #hosts: ReadonlySet<string>
  /** How an account or a number begins that may come back in groups. */
  readonly #beginnings = new Set<string>()

  /**
   * `words` and typed `forms` of what was asked, the `values` in it without their gaps, and what in
   * it may be `hosts` for which nothing vouches.
   */
  constructor({ forms, hosts, values, words }: Asked) {
    this.#words = words
    this.#forms = forms
    this.#values = values
    this.#hosts = hosts
    const accounts = [...forms].filter((form) => form.startsWith('iban:'))
    const grouped = [...values].filter((value) => digit.test(value))
    for (const value of [...grouped, ...accounts.map((form) => form.slice(5).toLowerCase())]) {
      if (value.length > maxGrouped) continue
      for (let end = 1; end <= value.length; end++) this.#beginnings.add(value.slice(0, end))
    }
  }

  /** Which of the words are such. */
  coverOf(words: readonly string[]): readonly boolean[] {
    const isCovered = words.map(
      (word) =>
        this.#isJoined(word) ||
        this.#isAmount(word) ||
        this.#isAtHost(word) ||
        this.#isAccount(word),
    )
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
    const [, kind, text = ''] = /^([^:]*):(.*)$/s.exec(form.toLowerCase()) ?? []
    if (this.#isMade(text)) return true
    if (kind === 'iban') return this.#isAccount(text)
    if (kind === 'url') return this.#isBelowHost(text.slice(text.indexOf(':') + 1))
    return (kind === 'host' || kind === 'email') && this.#isBelowHost(text)
  }

  /** Whether it is a link or an address at a host that was asked with, or below it. */
  #isAtHost(word: string): boolean {
    if (this.#hosts.size === 0) return false
    const bare = word.replace(scheme, '')
    const leads = bare.length < word.length || bare.includes('@') || bareHost.test(bare)
    return leads && this.#isBelowHost(bare)
  }

  #isBelowHost(address: string): boolean {
    const labels = host.exec(address)?.[1]!.split('.') ?? []
    return labels.some((_, at) => this.#hosts.has(labels.slice(at).join('.')))
  }

  /** Whether it is an account whose groups were asked with, each by itself. */
  #isAccount(text: string): boolean {
    if (!account.test(text) || this.#words.has(text)) return false
    const isReached = [true]
    for (let end = 2; end <= text.length; end++) {
      isReached[end] = isReached.some(
        (reached, start) => reached && end - start > 1 && this.#words.has(text.slice(start, end)),
      )
    }
    return isReached[text.length] === true
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
