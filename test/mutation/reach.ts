/**
 * Which tests a change of what a module does when it is loaded can come to: those that read an
 * export of the module while they run, and those to which a module comes that read one when it was
 * loaded. The functions and tables of a module are not to be had in another way.
 */
export class Reach {
  readonly #tests = new Map<string, Set<string>>()
  readonly #readers = new Map<string, Set<string>>()

  /** A reading by a test, or when none is running by the load of another module. */
  note(module: string, reader: string, test: string | undefined): void {
    if (test === undefined) add(this.#readers, module, reader)
    else add(this.#tests, module, test)
  }

  /** Whatever comes to the file of a test comes to the test. */
  noteTest(file: string, test: string): void {
    add(this.#tests, file, test)
  }

  /** The modules of which something was read, with the tests to which each comes. */
  entries(): Array<[string, ReadonlySet<string>]> {
    const modules = new Set([...this.#tests.keys(), ...this.#readers.keys()])
    return [...modules].map((module) => [module, this.#from(module)])
  }

  #from(module: string): Set<string> {
    const reached = new Set([module])
    const tests = new Set<string>()
    for (const one of reached) {
      for (const reader of this.#readers.get(one) ?? []) reached.add(reader)
      for (const test of this.#tests.get(one) ?? []) tests.add(test)
    }
    return tests
  }
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([value]))
  else set.add(value)
}
