import { resolve } from 'node:path'
import { Collection, type CollectedTest } from './collection.ts'
import { ModuleGraph, type OnRead } from './module-graph.ts'

/** Modules and tests of one run: of a mutant, or of a file when nothing is changed. */
export class Run {
  /** What was thrown when files were loaded. */
  readonly broken: unknown[] = []
  readonly #tests = new Map<string, ReadonlyMap<string, CollectedTest>>()
  readonly #collections: Collection[] = []
  readonly #graph: ModuleGraph

  constructor(onRead?: OnRead) {
    this.#graph = new ModuleGraph(() => this.#collections.at(-1)!.api, onRead)
  }

  /** Loads a module of the product before the tests do. */
  async load(file: string): Promise<void> {
    await this.#graph.load(file).catch((error: unknown) => this.broken.push(error))
  }

  /** A test of a file, which is loaded if it has not been; undefined if it cannot be. */
  async find(file: string, id: string): Promise<CollectedTest | undefined> {
    let tests = this.#tests.get(file)
    if (tests === undefined) {
      tests = new Map((await this.collect(file)).map((test) => [test.id, test]))
      this.#tests.set(file, tests)
    }
    return tests.get(id)
  }

  /** The tests of a file, in their order; none if it cannot be loaded. */
  async collect(file: string): Promise<readonly CollectedTest[]> {
    const collection = new Collection(file)
    this.#collections.push(collection)
    try {
      await this.#graph.load(resolve('test/config/setup.ts'))
      await this.#graph.load(file)
      return collection.tests
    } catch (error) {
      this.broken.push(error)
      return []
    }
  }

  /** Calls what is to be done after all tests. */
  async finish(): Promise<void> {
    try {
      for (const collection of this.#collections) await collection.finish()
    } catch (error) {
      this.broken.push(error)
    }
  }
}

export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'hanging' }
  | { readonly kind: 'failed'; readonly message: string }

/** Runs a test; after `limitMs` milliseconds it counts as one that waits for ever. */
export async function outcomeOf(test: CollectedTest, limitMs: number): Promise<Outcome> {
  const { promise, resolve: give } = Promise.withResolvers<Outcome>()
  const timer = setTimeout(() => give({ kind: 'hanging' }), limitMs)
  const run = test.run().then(
    (): Outcome => ({ kind: 'passed' }),
    (error: unknown): Outcome => ({
      kind: 'failed',
      message: error instanceof Error ? error.message : 'something else than an error was thrown',
    }),
  )
  const outcome = await Promise.race([run, promise])
  clearTimeout(timer)
  return outcome
}
