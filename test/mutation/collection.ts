import { expect } from 'vitest'

type Step = (...values: unknown[]) => unknown

export interface CollectedTest {
  /** Its file and its names from the outside in; unique. */
  readonly id: string
  readonly name: string
  readonly run: () => Promise<void>
}

interface Suite {
  readonly names: readonly string[]
  readonly parent: Suite | undefined
  readonly before: Step[]
  readonly after: Step[]
}

/** The tests of one file, collected while it is evaluated with `api` as its module `vitest`. */
export class Collection {
  readonly tests: CollectedTest[] = []
  readonly #file: string
  readonly #taken = new Map<string, number>()
  readonly #last: Step[] = []
  #suite: Suite = { names: [], parent: undefined, before: [], after: [] }

  constructor(file: string) {
    this.#file = file
  }

  get api(): Record<string, unknown> {
    const test = withTable((name, step) => this.#add(name, step))
    return {
      expect,
      vi: { stubEnv, unstubAllEnvs },
      test,
      it: test,
      describe: withTable((name, step) => this.#describe(name, step)),
      beforeEach: (step: Step) => this.#suite.before.push(step),
      afterEach: (step: Step) => this.#suite.after.unshift(step),
      afterAll: (step: Step) => this.#last.push(step),
    }
  }

  /** Calls what is to be done after all tests. */
  async finish(): Promise<void> {
    for (const step of this.#last) await step()
  }

  #describe(name: string, step: Step): void {
    const parent = this.#suite
    this.#suite = { names: [...parent.names, name], parent, before: [], after: [] }
    const outcome = step()
    if (outcome instanceof Promise)
      throw new Error(`${this.#file}: a suite that is asynchronous is not supported`)
    this.#suite = parent
  }

  #add(title: string, step: Step): void {
    const suite = this.#suite
    const names = [...suite.names, title].join(' > ')
    const count = (this.#taken.get(names) ?? 0) + 1
    this.#taken.set(names, count)
    const name = count === 1 ? names : `${names} (${count})`
    this.tests.push({ id: `${this.#file}#${name}`, name, run: () => runTest(suite, step) })
  }
}

async function runTest(suite: Suite, step: Step): Promise<void> {
  const suites = [suite]
  for (let outer = suite.parent; outer !== undefined; outer = outer.parent) suites.push(outer)
  try {
    for (const { before } of suites.toReversed()) for (const hook of before) await hook()
    await step()
  } finally {
    for (const { after } of suites) for (const hook of after) await hook()
  }
}

type Declare = (name: string, step: Step) => void

/** A declaration that also has `each`, and takes options or a limit of time, which it ignores. */
function withTable(declare: Declare): Step {
  const one = (name: string, first: unknown, second?: unknown): void =>
    declare(name, (typeof first === 'function' ? first : second) as Step)
  const each =
    (table: readonly unknown[]) =>
    (name: string, first: unknown, second?: unknown): void => {
      const step = (typeof first === 'function' ? first : second) as Step
      // rows are lists of parameters only if all of them are
      const lists = table.every(Array.isArray)
      for (const row of table)
        declare(name, () => (lists ? step(...(row as unknown[])) : step(row)))
    }
  return Object.assign(one, { each }) as Step
}

const changed = new Map<string, string | undefined>()

function stubEnv(name: string, value: string): void {
  if (!changed.has(name)) changed.set(name, process.env[name])
  process.env[name] = value
}

function unstubAllEnvs(): void {
  for (const [name, value] of changed) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  changed.clear()
}
