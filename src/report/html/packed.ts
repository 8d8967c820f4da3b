import type { JsonValue } from '../../base/json.ts'
import type { CallRow, ModelCallRow, Report } from '../report.ts'
import type { Whereabouts } from './command.ts'
import { DigestReturner } from './digests.ts'
import type { Snippet } from './policy.ts'

/** What a host may add to a call: payloads that the report itself leaves out. */
export interface CallDetails {
  /** Argument text as sent; shown only where it did not parse and the tool has no secrets. */
  readonly rawArgs?: string
  readonly result?: JsonValue
}

/** What stands beside the calls and model responses of a page. */
export interface PackedOutline {
  /** Its lists of calls and model responses are empty. */
  readonly report: Report
  readonly snippets: readonly Snippet[]
  readonly whereabouts: Whereabouts
}

/** The first line of the data. */
export interface PackedHead {
  /** How many calls follow. */
  readonly calls: number
  readonly modelCalls: readonly ModelCallRow[]
  readonly outline: PackedOutline
}

export interface PackedCall {
  readonly row: CallRow
  readonly details?: CallDetails
}

/** Each line after the first: calls in their order. */
export type PackedCalls = readonly PackedCall[]

/** Stands between the packed lines and their digests. */
export const betweenParts = '.'

/** Puts the lines of the data together out of texts that come one after another. */
export class PackedLines {
  readonly #returner: DigestReturner
  #begun = ''

  constructor(digests: string) {
    this.#returner = new DigestReturner(digests)
  }

  /** The lines that this text ends. */
  *add(text: string): Generator<unknown> {
    // a line is long: it is looked through and copied once, when it is whole
    if (!text.includes('\n')) {
      this.#begun += text
      return
    }
    const lines = (this.#begun + text).split('\n')
    this.#begun = lines.pop()!
    for (const line of lines) yield JSON.parse(this.#returner.put(line))
  }

  /** Throws where a line has not ended, or digests are left. */
  end(): void {
    if (this.#begun !== '') throw new Error('the last line is cut')
    this.#returner.end()
  }
}
