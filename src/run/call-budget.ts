import type { Share } from './share.ts'
import type { RunLimits } from './stop.ts'

export interface Overdrawn {
  readonly limit: string
  readonly max: number
  readonly message: string
}

/** Counts the calls of a run: all of them, and those that are equal. */
export class CallBudget {
  readonly #limits: RunLimits
  /** What is used together with other runs. */
  readonly #share: Share | undefined
  readonly #seen = new Map<string, number>()
  #overdrawn: Overdrawn | undefined
  #closed: Overdrawn | undefined
  #calls = 0

  constructor(limits: RunLimits, share?: Share) {
    this.#limits = limits
    this.#share = share
  }

  get calls(): number {
    return this.#calls
  }

  /** The first bound that was passed; the run ends after the turn in which that happens. */
  get overdrawn(): Overdrawn | undefined {
    return this.#overdrawn
  }

  get isOpen(): boolean {
    return this.#closed === undefined
  }

  /** No call passes from now on. */
  close(reason: Overdrawn): void {
    this.#closed ??= reason
  }

  /** Counts a call; returns the bound it passes. */
  take(tool: string, argsDigest: string): Overdrawn | undefined {
    if (this.#closed !== undefined) return this.#pass(this.#closed)
    const { maxToolCalls, maxRepeatedCalls } = this.#limits
    if (++this.#calls > maxToolCalls) {
      const message = `the run has used its ${maxToolCalls} tool calls`
      return this.#pass({ limit: 'maxToolCalls', max: maxToolCalls, message })
    }
    const beyond = this.#share?.takeCall()
    if (beyond !== undefined) return this.#pass(beyond)
    const key = `${argsDigest} ${tool}`
    const times = (this.#seen.get(key) ?? 0) + 1
    this.#seen.set(key, times)
    if (times > maxRepeatedCalls) {
      const message = `this call was proposed ${maxRepeatedCalls} times before with the same arguments`
      return this.#pass({ limit: 'maxRepeatedCalls', max: maxRepeatedCalls, message })
    }
    return undefined
  }

  #pass(overdrawn: Overdrawn): Overdrawn {
    this.#overdrawn ??= overdrawn
    return overdrawn
  }
}
