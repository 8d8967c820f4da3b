import type { RE2JS } from 're2js'

/** Longest pattern that is compiled, and longest text it is put to. */
const maxPattern = 1000
const maxInput = 100_000

/** Largest program of one pattern, and of all patterns of a schema together (about 0.2 s). */
const maxProgram = 10_000
const maxPrograms = 100_000

/** What the patterns of one schema have left. */
export interface PatternBudget {
  left: number
}

export function patternBudget(): PatternBudget {
  return { left: maxPrograms }
}

// what `\s` means in ECMA-262 section 22.2.2.9, and everything else
const space = String.raw`\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
const notSpace = String.raw`\x00-\x08\x0e-\x1f!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`
const anyButLineEnd = String.raw`[^\n\r\x{2028}\x{2029}]`

/** Long names of the general categories people use (Unicode Standard Annex 44, table 12). */
const categories: ReadonlyMap<string, string> = new Map([
  ['Letter', 'L'],
  ['Uppercase_Letter', 'Lu'],
  ['Lowercase_Letter', 'Ll'],
  ['Titlecase_Letter', 'Lt'],
  ['Modifier_Letter', 'Lm'],
  ['Other_Letter', 'Lo'],
  ['Mark', 'M'],
  ['Number', 'N'],
  ['Decimal_Number', 'Nd'],
  ['digit', 'Nd'],
  ['Punctuation', 'P'],
  ['Symbol', 'S'],
  ['Separator', 'Z'],
  ['Space_Separator', 'Zs'],
  ['Control', 'Cc'],
])

export class PatternError extends Error {}

/** What Ajv asks of a regular expression engine. */
export interface LinearPattern {
  test(text: string): boolean
  toString(): string
}

/**
 * Compiles an ECMA-262 pattern (with the `u` flag, as JSON Schema recommends) for an engine that
 * is linear in the text. Throws `PatternError` for look-around, back-references, and what is over
 * the bounds; `test` throws it for a text over 100,000 characters, which nobody may take for
 * either answer.
 */
export function compilePattern(
  engine: typeof RE2JS,
  source: string,
  budget: PatternBudget,
): LinearPattern {
  const translated = translatePattern(source)
  let compiled: RE2JS
  try {
    compiled = engine.compile(translated)
  } catch {
    throw new PatternError('it repeats more than 1000 times or names an unknown character class')
  }
  const size = compiled.programSize()
  budget.left -= size
  if (size > maxProgram || budget.left < 0) {
    throw new PatternError('the patterns are too large when compiled')
  }
  return {
    test(text) {
      if (text.length > maxInput) {
        throw new PatternError(`the text is longer than the ${maxInput} characters a pattern reads`)
      }
      return compiled.test(text)
    },
    // Ajv takes two patterns with the same text for the same pattern
    toString: () => `/${source}/u`,
  }
}

/** Rewrites ECMA-262 syntax as RE2 syntax with the same meaning. */
function translatePattern(source: string): string {
  if (source.length > maxPattern) {
    throw new PatternError(`it is longer than ${maxPattern} characters`)
  }
  const reader = new PatternReader(source)
  const translated = reader.read()
  try {
    void new RegExp(reader.checked, 'u')
  } catch (error) {
    throw new PatternError((error as Error).message.replace(/^.*\/u: /, '').toLowerCase())
  }
  return translated
}

class PatternReader {
  /** The pattern as ECMA-262 has it, needless escapes of punctuation made legal. */
  checked = ''
  readonly #source: string
  #at = 0
  #output = ''
  #inClass = false

  constructor(source: string) {
    this.#source = source
  }

  read(): string {
    while (this.#at < this.#source.length) this.#readOne()
    return this.#output
  }

  #take(length: number, output: string): void {
    this.checked += this.#source.slice(this.#at, this.#at + length)
    this.#output += output
    this.#at += length
  }

  #readOne(): void {
    const character = this.#source[this.#at]!
    if (character === '\\') this.#readEscape()
    else if (this.#inClass) this.#readInClass(character)
    else if (character === '[') this.#openClass()
    else if (character === '(') this.#openGroup()
    else this.#take(1, character === '.' ? anyButLineEnd : character)
  }

  #readInClass(character: string): void {
    if (character === ']') this.#inClass = false
    this.#take(1, character === '[' ? '\\[' : character)
  }

  #openClass(): void {
    const start = this.#source[this.#at + 1] === '^' ? '[^' : '['
    if (this.#source[this.#at + start.length] === ']') {
      throw new PatternError('an empty character class is not supported')
    }
    this.#inClass = true
    this.#take(start.length, start)
  }

  #openGroup(): void {
    const rest = this.#source.slice(this.#at, this.#at + 64)
    if (/^\(\?(?:[=!]|<[=!])/.test(rest)) throw new PatternError('look-around is not supported')
    const head = /^\((?:\?:|\?<[\p{ID_Start}$_][\p{ID_Continue}$]*>)?(?!\?)/u.exec(rest)
    if (head === null) throw new PatternError('flags inside a pattern are not supported')
    this.#take(head[0].length, '(?:')
  }

  #readEscape(): void {
    const rest = this.#source.slice(this.#at, this.#at + 64)
    const character = rest[1] ?? ''
    if (/[1-9k]/.test(character)) throw new PatternError('back-references are not supported')
    if (character === 's') this.#take(2, this.#inClass ? space : `[${space}]`)
    else if (character === 'S') this.#take(2, this.#inClass ? notSpace : `[${notSpace}]`)
    else if (character === 'b' && this.#inClass) this.#take(2, '\\x08')
    else if (character === '0') this.#take(2, '\\x00')
    else if (character === 'v') this.#take(2, '\\x0b')
    else if (character === 'c') this.#take(3, codePoint(rest.charCodeAt(2) & 31))
    else if (character === 'u') this.#readUnicodeEscape(rest)
    else if (/[pP]/.test(character)) this.#readProperty(rest)
    else if (/[!-/:-@[-`{-~]/.test(character)) this.#readPunctuation(character)
    else this.#take(2, rest.slice(0, 2))
  }

  #readPunctuation(character: string): void {
    const code = character.charCodeAt(0)
    this.checked += String.raw`\u{${code.toString(16)}}`
    this.#output += codePoint(code)
    this.#at += 2
  }

  #readUnicodeEscape(rest: string): void {
    const braced = /^\\u\{([0-9a-fA-F]{1,8})\}/.exec(rest)
    if (braced !== null) return this.#take(braced[0].length, codePoint(parseInt(braced[1]!, 16)))
    const units =
      /^\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/.exec(rest) ??
      /^\\u([0-9a-fA-F]{4})/.exec(rest)
    if (units === null) throw new PatternError('a unicode escape is not complete')
    const code = String.fromCharCode(...units.slice(1).map((unit) => parseInt(unit, 16)))
    if (!code.isWellFormed()) throw new PatternError('lone surrogates are not supported')
    this.#take(units[0].length, codePoint(code.codePointAt(0)!))
  }

  #readProperty(rest: string): void {
    const property = /^\\([pP])\{(?:(?:General_Category|gc|Script|sc)=)?([A-Za-z_]+)\}/.exec(rest)
    if (property === null) throw new PatternError('a unicode property is not supported')
    const name = categories.get(property[2]!) ?? property[2]!
    this.#take(property[0].length, `\\${property[1]!}{${name}}`)
  }
}

function codePoint(code: number): string {
  return `\\x{${code.toString(16)}}`
}
