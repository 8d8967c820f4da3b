import { deepFreeze } from '../base/json.ts'
import type { RunEvent } from '../protocol/run-event.ts'
import type { PluginFaults } from './plugin-faults.ts'

/** Somebody who sees events, under the name of the plugin. */
export interface NamedObserver {
  readonly name: string
  readonly deltas: boolean
  onEvent(event: RunEvent): unknown
}

/** All observers of a runtime; none of them can hold up a run or change what others see. */
export class Observers {
  readonly #observers: readonly NamedObserver[]
  readonly #faults: PluginFaults
  /** Whether anybody looks at deltas. */
  readonly deltas: boolean

  constructor(observers: readonly NamedObserver[], faults: PluginFaults) {
    this.#observers = observers
    this.#faults = faults
    this.deltas = observers.some(({ deltas }) => deltas)
  }

  /** Never throws. */
  see(event: RunEvent): void {
    const isDelta = event.type === 'text-delta' || event.type === 'reasoning-delta'
    let copy: RunEvent | undefined
    for (const observer of this.#observers) {
      if (isDelta && !observer.deltas) continue
      const complain = (error: unknown): void =>
        this.#faults.note(observer.name, `its observer failed at \`${event.type}\``, error)
      try {
        const seen = observer.onEvent((copy ??= deepFreeze(structuredClone(event))))
        if (seen !== undefined) Promise.resolve(seen).catch(complain)
      } catch (error) {
        complain(error)
      }
    }
  }
}
