import type { RunEvent, RunStart } from './run-event.ts'

/** Follows the events of a run: which model is asked, by which provider. */
export class AskedModel {
  #ofRun: RunStart['model'] | undefined
  #current: RunStart['model'] | undefined

  /** Undefined before the run has begun. */
  get current(): RunStart['model'] | undefined {
    return this.#current
  }

  add(event: RunEvent): void {
    switch (event.type) {
      case 'run-start':
        this.#ofRun = event.model
        this.#current = event.model
        break
      case 'turn-start':
        this.#current = event.model ?? this.#ofRun
        break
      case 'fallback':
        this.#current = modelNamed(event.to, this.#current?.provider)
        break
      case 'turn-end':
        this.#current = event.asked ?? this.#current
        break
    }
  }
}

/**
 * The model of a name such as `provider/model`: a provider has no slash in its name, a model may. A
 * name without one is that of another model of the provider that was asked before.
 */
export function modelNamed(name: string, before = 'unknown'): RunStart['model'] {
  const at = name.indexOf('/')
  if (at < 0) return { provider: before, id: name }
  return { provider: name.slice(0, at), id: name.slice(at + 1) }
}
