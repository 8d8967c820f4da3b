/**
 * Something that is made at its first use and kept. What could not be made is tried anew at the
 * next use, since it may have been the moment: too many open files, say.
 */
export class Lazy<Value> {
  readonly #make: () => Promise<Value>
  #making: Promise<Value> | undefined
  #value: Value | undefined

  constructor(make: () => Promise<Value>) {
    this.#make = make
  }

  /** Undefined until it has been made. */
  get value(): Value | undefined {
    return this.#value
  }

  /** What has been made or is being made; undefined where nobody has asked for it, or it failed. */
  async settled(): Promise<Value | undefined> {
    return this.#making?.catch(() => undefined)
  }

  load(): Promise<Value> {
    if (this.#making === undefined) {
      this.#making = this.#make()
      this.#making.then(
        (value) => {
          this.#value = value
        },
        () => {
          this.#making = undefined
        },
      )
    }
    return this.#making
  }
}
