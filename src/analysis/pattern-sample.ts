import type { Pattern } from '../policy/pattern.ts'
import { yes } from '../policy/truth.ts'

/** Longest repetition that is written out, and longest sample. */
const maxRepeats = 1000
const maxLength = 4096

/**
 * A text that the pattern matches as a whole, the shortest by its first choices; undefined when
 * none was found. The pattern is read with a small part of RE2 syntax, so the sample is a guess
 * until the pattern itself confirms it, which happens here.
 */
export function sampleOf(pattern: Pattern): string | undefined {
  try {
    const sample = new Sampler(pattern.source).read()
    return pattern.matchesWhole(sample) === yes ? sample : undefined
  } catch {
    return undefined
  }
}

const classes: Readonly<Record<string, string>> = {
  d: '0',
  w: 'a',
  s: ' ',
  D: 'a',
  W: '-',
  S: 'a',
  n: '\n',
  t: '\t',
  r: '\r',
  A: '',
  z: '',
  b: '',
  Q: '',
  E: '',
}

/** Characters that are tried for a class that excludes some. */
const usual = 'a0-_./ @:Zz~\u00e9'

const posix: Readonly<Record<string, string>> = {
  alnum: 'a',
  alpha: 'a',
  digit: '0',
  lower: 'a',
  upper: 'A',
  xdigit: '0',
  punct: '-',
  space: ' ',
  word: 'a',
}

/** Reads a pattern from left to right and writes the first text it could mean. */
class Sampler {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  read(): string {
    const text = this.#alternatives()
    if (this.#at < this.#source.length) throw new Error('unexpected end of group')
    return text
  }

  #alternatives(): string {
    const first = this.#sequence()
    while (this.#take('|')) this.#sequence()
    return first
  }

  #sequence(): string {
    let text = ''
    while (this.#at < this.#source.length && !this.#isAt('|') && !this.#isAt(')')) {
      const atom = this.#atom()
      text += atom.repeat(this.#repeats())
      if (text.length > maxLength) throw new Error('too long')
    }
    return text
  }

  #atom(): string {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!)
    this.#at += character.length
    switch (character) {
      case '(':
        return this.#group()
      case '[':
        return this.#class()
      case '\\':
        return this.#escape()
      case '.':
        return 'a'
      case '^':
      case '$':
        return ''
      default:
        return character
    }
  }

  #group(): string {
    if (this.#take('?')) {
      const flags = /^(?:P?<[A-Za-z0-9_]+>|[imsU-]*:?)/.exec(this.#source.slice(this.#at))![0]
      this.#at += flags.length
      if (this.#take(')')) return ''
    }
    const text = this.#alternatives()
    if (!this.#take(')')) throw new Error('open group')
    return text
  }

  #escape(): string {
    const character = this.#source[this.#at++]!
    if (character === 'p' || character === 'P') return this.#property(character === 'P')
    if (character === 'x') return this.#hex()
    return classes[character] ?? character
  }

  #property(negated: boolean): string {
    const name = /^(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))/.exec(this.#source.slice(this.#at))
    if (name === null) throw new Error('bad property')
    this.#at += name[0].length
    const property = new RegExp(`\\p{${name[2] ?? name[3]}}`, 'u')
    const wanted = negated === (name[1] === '^')
    return this.#usual((character) => property.test(character) === wanted)
  }

  #hex(): string {
    const digits = /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(this.#source.slice(this.#at))
    if (digits === null) throw new Error('bad escape')
    this.#at += digits[0].length
    return String.fromCodePoint(Number.parseInt((digits[1] ?? digits[2])!, 16))
  }

  /** The first member of a class; of one that excludes, the first usual character outside. */
  #class(): string {
    const negated = this.#take('^')
    const start = this.#at
    let first: string | undefined
    while (this.#at === start || !this.#isAt(']')) {
      if (this.#at >= this.#source.length) throw new Error('open class')
      const member = this.#member()
      first ??= member
    }
    const inside = this.#source.slice(start, this.#at)
    this.#at++
    if (!negated) return first!
    const members = new RegExp(`[${inside}]`, 'u')
    return this.#usual((character) => !members.test(character))
  }

  #member(): string {
    const named = /^\[:([a-z]+):\]/.exec(this.#source.slice(this.#at))
    if (named !== null) {
      this.#at += named[0].length
      return posix[named[1]!] ?? 'a'
    }
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!)
    this.#at += character.length
    return character === '\\' ? this.#escape() : character
  }

  /** How often the last atom stands there: the least, but once rather than never. */
  #repeats(): number {
    let least = 1
    for (;;) {
      const quantifier = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})/.exec(this.#source.slice(this.#at))
      if (quantifier === null) return least
      this.#at += quantifier[0].length
      if (quantifier[1] !== undefined) least *= Number(quantifier[1])
      if (least > maxRepeats) throw new Error('too long')
    }
  }

  #usual(fits: (character: string) => boolean): string {
    const found = [...usual].find(fits)
    if (found === undefined) throw new Error('no usual character fits')
    return found
  }

  #isAt(character: string): boolean {
    return this.#source[this.#at] === character
  }

  #take(character: string): boolean {
    if (!this.#isAt(character)) return false
    this.#at += character.length
    return true
  }
}
