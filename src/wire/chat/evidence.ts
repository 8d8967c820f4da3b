import type { ModelErrorData } from '../../protocol/event.ts'
import type { FinishReason } from '../../protocol/usage.ts'
import { bareError } from '../bare-error.ts'
import { textAt } from '../read.ts'
import { modelError } from '../status.ts'
import { finishError, isWord, laterWord, meaningOf, unifyFinish } from './finish.ts'

/** Longest finish word kept, in characters. */
const maxWord = 256

/** What a response had come to when its body ended. */
interface Course {
  /** The end mark was seen, or the answer is a whole one. */
  readonly isDone: boolean
  readonly callCount: number
  /** It said nothing at all, and calls nothing. */
  readonly isSilent: boolean
}

/** All that shows whether, and how, a response has ended. */
export class Evidence {
  #finish: string | undefined
  /** The word of the host behind a router. */
  #native: string | undefined
  /** A call went on after a finish word, which is then no evidence that it was complete. */
  #late = false
  /** What an event that is no chunk told of. */
  #notice: ModelErrorData | undefined

  /** The finish words of a choice; false when it has none. */
  take(choice: Record<string, unknown>): boolean {
    const raw = wordAt(choice, 'finish_reason')
    const native = wordAt(choice, 'native_finish_reason')
    if (raw === undefined && native === undefined) return false
    this.#finish = laterWord(this.#finish, raw)
    this.#native = laterWord(this.#native, native)
    return true
  }

  /** A call began or went on. */
  callWentOn(): void {
    this.#late ||= this.#finish !== undefined
  }

  /**
   * Looks at an event that is no chunk, and returns the error it tells of. Without a status it may
   * be a mere notice, and counts as an error only where no finish word follows.
   */
  notice(event: Record<string, unknown>): ModelErrorData | undefined {
    const told = 'choices' in event ? undefined : bareError(event)
    if (told?.status !== undefined) return told
    this.#notice ??= told
    return undefined
  }

  /** The failure that the finish words tell of. */
  get failure(): ModelErrorData | undefined {
    return finishError(this.#finish, this.#native)
  }

  /**
   * Why the response did not end well. An answer that just stops is not complete, however complete
   * its last call looks.
   */
  defect({ isDone, callCount, isSilent }: Course): ModelErrorData | undefined {
    const finish = this.#finish
    if (finish === undefined && this.#notice !== undefined) return this.#notice
    const proves = isDone ? finish !== undefined || !isSilent : finish !== undefined && !this.#late
    if (!proves) {
      return modelError('model-incomplete', 'the answer ended before the model had finished')
    }
    const announces = finish !== undefined && meaningOf(finish) === 'tool-calls'
    if (!announces || callCount > 0) return undefined
    return modelError('model-protocol', 'the answer announces tool calls but holds none')
  }

  finishReason(hasFailed: boolean, hasCalls: boolean): FinishReason {
    const unified = hasFailed ? 'error' : unifyFinish(this.#finish, this.#native, hasCalls)
    return { raw: this.#finish ?? null, unified }
  }

  /** A word nobody knows is no evidence that missing bytes were meant to be none. */
  get isKnown(): boolean {
    return this.#finish !== undefined && meaningOf(this.#finish) !== 'other'
  }
}

function wordAt(choice: Record<string, unknown>, key: string): string | undefined {
  const word = textAt(choice, key)?.slice(0, maxWord)
  return word !== undefined && isWord(word) ? word : undefined
}
