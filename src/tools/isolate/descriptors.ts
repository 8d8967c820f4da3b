import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'

const closeOnExec = 0o2000000

/** Above this number nothing is looked for. */
const mostDescriptors = 1024

/**
 * What a process is started with beside its pipes. Node opens its own files so that no child gets
 * them, but not those it was itself started with, such as `node app.js 9<secret`: in a child they
 * would still be open. They are covered by an empty file.
 */
export class Covers {
  readonly #empty: number | undefined
  readonly #numbers: readonly number[]

  constructor(first: number) {
    this.#numbers = inheritable().filter((number) => number >= first && number <= mostDescriptors)
    this.#empty = this.#numbers.length === 0 ? undefined : openSync('/dev/null', 'r')
  }

  /** Entries of `stdio`, from `first` on. */
  from(first: number): readonly ('ignore' | number)[] {
    const last = Math.max(first - 1, ...this.#numbers)
    return Array.from({ length: last - first + 1 }, (_, index) =>
      this.#numbers.includes(first + index) ? this.#empty! : 'ignore',
    )
  }

  /** To be called once the process has been started. */
  close(): void {
    if (this.#empty !== undefined) closeSync(this.#empty)
  }
}

/** Descriptors of this process that its children inherit. Only Linux tells; elsewhere none is known. */
function inheritable(): readonly number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fdinfo').map(Number).filter(isInherited)
}

function isInherited(number: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${number}`, 'utf8')
    const flags = /^flags:\s*([0-7]+)$/m.exec(info)?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch {
    // it was open only while the folder was read
    return false
  }
}
