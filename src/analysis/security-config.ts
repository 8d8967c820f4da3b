import { SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { visible } from '../base/text.ts'

/** Something of the configuration that the policy does not say, or says otherwise. */
export type Note = (text: string) => void

/**
 * A mapping of a SecurityConfig, whose keys are written in several ways (`APIKeys`, `apiKeys`,
 * `api_keys`). What nobody takes is reported, not dropped in silence.
 */
export class ConfigObject {
  readonly #members = new Map<string, { readonly key: string; readonly value: JsonValue }>()
  readonly #place: string
  readonly #note: Note

  constructor(value: JsonValue, place: string, note: Note) {
    this.#place = place
    this.#note = note
    for (const [key, member] of membersOf(value, place)) {
      const name = plain(key)
      if (this.#members.has(name)) note(`${place}.${visible(key)} is there twice; one is used`)
      if (member !== null) this.#members.set(name, { key, value: member })
    }
  }

  take(...names: readonly string[]): JsonValue | undefined {
    for (const name of names) {
      const found = this.#members.get(plain(name))
      this.#members.delete(plain(name))
      if (found !== undefined) return found.value
    }
    return undefined
  }

  boolean(...names: readonly string[]): boolean | undefined {
    const value = this.take(...names)
    if (value === undefined || typeof value === 'boolean') return value
    throw wrong(`${this.#place}.${names[0]}`, 'true or false')
  }

  text(...names: readonly string[]): string | undefined {
    const value = this.take(...names)
    if (value === undefined || typeof value === 'string') return value
    throw wrong(`${this.#place}.${names[0]}`, 'a text')
  }

  /** One text counts as a list of it. */
  texts(...names: readonly string[]): readonly string[] | undefined {
    const value = this.take(...names)
    if (value === undefined) return undefined
    const list = Array.isArray(value) ? value : [value]
    if (list.every((item) => typeof item === 'string')) return list as string[]
    throw wrong(`${this.#place}.${names[0]}`, 'a list of texts')
  }

  object(...names: readonly string[]): ConfigObject | undefined {
    const value = this.take(...names)
    if (value === undefined) return undefined
    return new ConfigObject(value, `${this.#place}.${names[0]}`, this.#note)
  }

  /** A mapping whose keys are names of their own, such as those of tools. */
  named(...names: readonly string[]): readonly (readonly [string, JsonValue])[] {
    const value = this.take(...names)
    return value === undefined ? [] : membersOf(value, `${this.#place}.${names[0]}`)
  }

  /** The members that nobody took, by their own names. */
  rest(): readonly (readonly [string, JsonValue])[] {
    const members = [...this.#members.values()]
    this.#members.clear()
    return members.map(({ key, value }) => [key, value])
  }

  /** Reports what was not taken. */
  finish(): void {
    for (const { key } of this.#members.values()) {
      this.#note(`${this.#place}.${visible(key)} is not converted`)
    }
  }
}

function membersOf(value: JsonValue, place: string): readonly [string, JsonValue][] {
  if (!isObject(value)) throw wrong(place, 'an object')
  return Object.entries(value as JsonObject)
}

function plain(key: string): string {
  return key.replaceAll(/[_-]/g, '').toLowerCase()
}

function wrong(place: string, what: string): SallyportError {
  return new SallyportError('bad-option', `\`${place}\` of the configuration is not ${what}`, {
    help: 'write it as the older kit took it, or leave it out and add it to the policy',
  })
}
