import { SallyportError } from '../base/errors.ts'
import { isObject, pointerTokens, type JsonObject, type JsonValue } from '../base/json.ts'
import { checkOptions } from '../base/options.ts'
import { redacted, redactPointers } from '../base/redact.ts'
import { createSecretDetector } from '../gate/detect/secrets.ts'
import { replaceFound, type Detector } from '../gate/detect/span.ts'
import { compilePattern, type Pattern } from '../policy/pattern.ts'
import { checkList } from './given.ts'
import type { CallRow, ModelCallRow, Redaction, Report, ReportHeader } from './report.ts'

/** What is taken out of a report before anybody sees it; texts that look like keys always are. */
export interface RedactOptions {
  /** JSON pointers into the arguments of every call; a `*` token names every member or item. */
  readonly pointers?: readonly string[]
  /** Names of members of arguments, at any depth; case, `-` and `_` make no difference. */
  readonly names?: readonly string[]
  /** Patterns in RE2 syntax, looked for in every text. */
  readonly patterns?: readonly string[]
  /** Values that are looked for in every text, as they are and encoded; of 6 characters or more. */
  readonly values?: readonly string[]
}

/** Takes out of reports, whole or in parts, what is not for their readers. */
export interface Redactor {
  readonly redaction: Redaction
  text(text: string): string
  /** Every text in it, names of members too. */
  data<Value>(value: Value): Value
  row(row: CallRow): CallRow
  modelCall(call: ModelCallRow): ModelCallRow
  /** Says in the header that this was done. */
  report(report: Report): Report
}

/** Throws `bad-option` for what is no name, pointer or pattern, and a value that is too short. */
export function createRedactor(options: RedactOptions): Redactor {
  const members = ['pointers', 'names', 'patterns', 'values'] as const
  checkOptions('createRedactor', options, members)
  for (const name of members) checkList(name, options[name] ?? [], 'pass an array of strings')
  const { pointers = [], names = [], patterns = [], values = [] } = options
  for (const pointer of pointers) {
    if (pointerTokens(pointer) === undefined) {
      throw new SallyportError('bad-option', `\`${pointer}\` is no JSON pointer`, {
        help: 'write it as in `/card` or `/items/*/card`',
      })
    }
  }
  if (names.includes('') || patterns.includes('')) {
    throw new SallyportError('bad-option', 'an empty text names nothing that could be taken out', {
      help: 'write the name of a member, a JSON pointer such as `/card`, or a pattern',
    })
  }
  if (values.some((value) => value.length < shortestValue)) {
    throw new SallyportError('bad-option', 'a secret is too short to be looked for', {
      help: `texts under ${shortestValue} characters occur by chance: name the member they stand in`,
    })
  }
  const redaction = {
    pointers: [...pointers],
    names: [...names],
    patterns: patterns.length,
    values: values.length,
  }
  return new Rules(redaction, {
    names: new Set(names.map(plainName)),
    patterns: patterns.map(compiled),
    detect: createSecretDetector(values),
    values,
  })
}

const shortestValue = 6

function compiled(source: string): Pattern {
  const result = compilePattern(source)
  if (result.ok) return result.pattern
  throw new SallyportError('bad-option', `\`${source}\` is no pattern: ${result.message}`, {
    help: result.help ?? 'write it in RE2 syntax, which has no look-around and no back-references',
  })
}

/** What `shorten` puts in place of what it leaves out. */
const cutMark = /(… \([0-9]+ more characters\))/

interface Looked {
  readonly names: ReadonlySet<string>
  readonly patterns: readonly Pattern[]
  readonly detect: Detector
  readonly values: readonly string[]
}

class Rules implements Redactor {
  readonly redaction: Redaction
  readonly #looked: Looked

  constructor(redaction: Redaction, looked: Looked) {
    this.redaction = redaction
    this.#looked = looked
  }

  text(text: string): string {
    const { detect, patterns } = this.#looked
    const found = [...detect(text)]
    for (const pattern of patterns) {
      const places = pattern.findAll(text)
      // what cannot be looked through is not shown
      if (places === undefined) return redacted
      found.push(...places.filter(({ start, end }) => end > start))
    }
    return this.#withoutCut(replaceFound(text, found, () => redacted).text)
  }

  /** A text that was cut may end in the beginning of a value; it may be quoted in a longer one. */
  #withoutCut(text: string): string {
    const parts = text.split(cutMark)
    // every other part is a mark
    return parts
      .map((part, at) => (at % 2 === 0 && at + 1 < parts.length ? this.#withoutEnd(part) : part))
      .join('')
  }

  #withoutEnd(text: string): string {
    for (const value of this.#looked.values) {
      for (
        let length = Math.min(value.length - 1, text.length);
        length >= shortestValue;
        length--
      ) {
        if (text.endsWith(value.slice(0, length))) return text.slice(0, -length) + redacted
      }
    }
    return text
  }

  data<Value>(value: Value): Value {
    return this.#value(value as JsonValue) as Value
  }

  row(row: CallRow): CallRow {
    const { args, approvals, ...rest } = row
    return {
      ...this.#told(rest),
      ...(args === undefined ? {} : { args: this.#args(args) }),
      approvals: approvals.map(({ answers, ...approval }) => ({
        ...this.#told(approval),
        answers: answers.map(({ args: edited, ...answer }) => ({
          ...this.#told(answer),
          ...(edited === undefined ? {} : { args: this.#args(edited) }),
        })),
      })),
    }
  }

  modelCall(call: ModelCallRow): ModelCallRow {
    return this.#told(call)
  }

  report(report: Report): Report {
    const { rows, modelCalls, header, ...rest } = report
    return {
      ...this.#told(rest),
      header: { ...this.#header(header), redaction: this.redaction },
      rows: rows.map((row) => this.row(row)),
      modelCalls: modelCalls.map((call) => this.modelCall(call)),
    }
  }

  /** The task of a run may name the very values that its calls may have. */
  #header({ scope, ...rest }: ReportHeader): ReportHeader {
    const told = this.#told(rest)
    if (scope === undefined) return told
    const parts = scope.map(({ args, ...part }) => ({
      ...this.#told(part),
      ...(args === undefined ? {} : { args: this.#tests(args) }),
    }))
    return { ...told, scope: parts }
  }

  /** By argument, or by pointer into one; a test about more than what is named goes as a whole. */
  #tests(tests: JsonObject): JsonObject {
    const tops = this.redaction.pointers.map((pointer) => pointerTokens(pointer)?.[0])
    return Object.fromEntries(
      Object.entries(tests).map(([place, test]) => {
        const tokens = place.startsWith('/') ? (pointerTokens(place) ?? []) : [place]
        const isNamed =
          tops.some((top) => top === undefined || top === '*' || top === tokens[0]) ||
          tokens.some((token) => this.#looked.names.has(plainName(token)))
        return [this.text(place), isNamed ? redacted : this.#value(test)]
      }),
    )
  }

  #args(args: JsonValue): JsonValue {
    return this.#value(redactPointers(args, this.redaction.pointers))
  }

  /** Everything in it is data. */
  #value(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'number') {
      const text = String(value)
      return this.text(text) === text ? value : redacted
    }
    if (Array.isArray(value)) return value.map((item) => this.#value(item))
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        this.text(key),
        this.#looked.names.has(plainName(key)) ? redacted : this.#value(member),
      ]),
    )
  }

  /** Words of ours stay, so that what is left is still a report; the texts beside them are data. */
  #told<Part>(part: Part): Part {
    return this.#toldValue(part as JsonValue) as Part
  }

  #toldValue(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#toldValue(item))
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        ownWords.has(key) && typeof member !== 'object' ? member : this.#toldValue(member),
      ]),
    )
  }
}

/** Members of a report whose values come from closed sets, or are numbers, times and digests. */
const ownWords: ReadonlySet<string> = new Set([
  'action',
  'argsDigest',
  'at',
  'currency',
  'digest',
  'effect',
  'endedAt',
  'expiresAt',
  'head',
  'kind',
  'missing',
  'mode',
  'proposedAt',
  'requestedAt',
  'resultDigest',
  'secrecy',
  'source',
  'startedAt',
  'status',
  'trust',
  'unified',
])

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '')
}
