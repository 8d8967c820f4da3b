import { addDecimals } from '../base/decimal.ts'

type Labels = Readonly<Record<string, string>>

/** One number and what it is about; plain data. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** What a metric is called, and what it says in one line. */
export interface SeriesOptions {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  /** Sets of labels at most; those that come later are counted together as `(other)`. */
  readonly maxSets: number
}

/** Label values longer than this are cut. */
const maxLength = 128

const other = '(other)'

/** A metric: a number for each set of labels that has occurred. */
export class Series {
  readonly name: string
  readonly #options: SeriesOptions
  readonly #values = new Map<string, { readonly labels: readonly string[]; value: number }>()

  constructor(options: SeriesOptions) {
    this.name = options.name
    this.#options = options
  }

  /** Labels in their order. What would make a counter fall or end is left out. */
  add(value: number, ...labels: readonly string[]): void {
    if (!(value >= 0 && value < Infinity)) return
    const cut = labels.map((label) => label.toWellFormed().slice(0, maxLength).toWellFormed())
    const known = this.#values.get(JSON.stringify(cut))
    const entry = known ?? this.#enter(this.#hasRoom ? cut : cut.map(() => other))
    // sums of money are decimals
    entry.value = addDecimals(entry.value, value)
  }

  get #hasRoom(): boolean {
    // the last place is for what finds none
    return this.#values.size < this.#options.maxSets - 1
  }

  #enter(labels: readonly string[]): { value: number } {
    const key = JSON.stringify(labels)
    const entry = this.#values.get(key) ?? { labels, value: 0 }
    this.#values.set(key, entry)
    return entry
  }

  samples(): readonly Sample[] {
    const names = this.#options.labels
    return [...this.#values.values()].map(({ labels, value }) => ({
      labels: Object.fromEntries(names.map((name, at) => [name, labels[at]!])),
      value,
    }))
  }

  /** In the text format of Prometheus, version 0.0.4. */
  text(): string {
    return exposition(this.#options, this.samples())
  }
}

/** One metric in the text format of Prometheus. */
export function exposition(
  { help, name, type }: Pick<SeriesOptions, 'help' | 'name' | 'type'>,
  samples: readonly Sample[],
): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`)
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
