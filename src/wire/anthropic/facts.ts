import type { Cost, Usage } from '../../protocol/usage.ts'
import { readCost } from '../chat/usage.ts'
import { objectAt, textAt } from '../read.ts'
import { mergeUsage, readUsage } from './usage.ts'

/** Longest model name, response id or stop reason kept, in characters. */
const maxWord = 256

type Fields = Record<string, unknown>

/** What is said of a message as a whole, in its opening and at its end. */
export class MessageFacts {
  id: string | undefined
  model: string | undefined
  container: string | undefined
  stop: string | undefined
  #usage: Fields | undefined
  #isOpen = false

  get used(): { readonly usage: Usage; readonly cost?: Cost } | undefined {
    if (this.#usage === undefined) return undefined
    const cost = readCost(this.#usage)
    return { usage: readUsage(this.#usage), ...(cost === undefined ? {} : { cost }) }
  }

  /** False for the opening of another message. One that comes twice is tolerated before content. */
  open(message: Fields, hasContent: boolean): boolean {
    const id = wordAt(message, 'id')
    if (this.#isOpen && (id !== this.id || hasContent)) return false
    this.#isOpen = true
    this.id = id
    this.model = wordAt(message, 'model')
    this.count(message)
    this.place(message)
    return true
  }

  count(holder: Fields): void {
    const usage = objectAt(holder, 'usage')
    if (usage !== undefined) this.#usage = mergeUsage(this.#usage, usage)
  }

  place(holder: Fields): void {
    const container = wordAt(objectAt(holder, 'container') ?? {}, 'id')
    if (container !== undefined) this.container = container
  }

  /** False when it stopped for another reason before. */
  end(holder: Fields): boolean {
    const stop = wordAt(holder, 'stop_reason')
    if (stop === undefined) return true
    const isSame = this.stop === undefined || this.stop === stop
    this.stop = stop
    return isSame
  }
}

function wordAt(holder: Fields, key: string): string | undefined {
  return textAt(holder, key)?.slice(0, maxWord)
}
