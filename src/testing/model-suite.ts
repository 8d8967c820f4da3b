import type { FakeAnswer } from './fake-provider.ts'
import type { ModelBench, UseBench, Work } from './model-bench.ts'
import { modelCases } from './model-cases.ts'
import { modelFaultCases } from './model-fault-cases.ts'

/** One behaviour that every model has. */
export interface ModelCase {
  readonly name: string
  run(): Promise<void>
}

export interface ModelSuiteOptions {
  /** Whether endpoints heed `fault` of a turn; without it nothing is cut, reset or held. Default true. */
  readonly faults?: boolean
}

/**
 * The behaviours of a model, for any test runner. `open` makes an endpoint that answers its
 * requests with these turns, and a model that asks it once for each: turn retries off, or waits
 * become part of the cases. A case rejects when the model does not behave.
 *
 * @example
 * ```ts
 * const suite = modelSuite(async (turns) => {
 *   const provider = await fakeProvider({ turns })
 *   const model = myModel({ baseUrl: provider.baseUrl })
 *   return { model, left: () => provider.aborted(), close: () => provider.close() }
 * })
 * for (const { name, run } of suite) test(name, run)
 * ```
 */
export function modelSuite(
  open: (turns: readonly FakeAnswer[]) => ModelBench | Promise<ModelBench>,
  { faults = true }: ModelSuiteOptions = {},
): readonly ModelCase[] {
  const bench: UseBench = async (turns, work) => {
    const opened = await open(turns)
    try {
      return await work(opened)
    } finally {
      await opened.close?.()
    }
  }
  const named = ([name, work]: Work): ModelCase => ({ name, run: () => work(bench) })
  return [...modelCases, ...(faults ? modelFaultCases : [])].map(named)
}
