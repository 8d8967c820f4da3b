import { isPattern } from '../policy/pattern.ts'
import type { ArgumentTest } from '../policy/document.ts'

/** The parameter of a test as text, without places: equal texts are equal tests. */
export function written(parameter: unknown): string {
  return JSON.stringify(parameter, (key, value: unknown) => {
    if (key === 'at') return undefined
    return isPattern(value) ? { pattern: value.source } : value
  })
}

/** Every test in a test, itself first, through `not`, `anyOf`, `items` and `anyItem`. */
export function* nestedTests(test: ArgumentTest): Generator<ArgumentTest> {
  yield test
  for (const inner of [test.not, test.items, test.anyItem, ...(test.anyOf ?? [])]) {
    if (inner !== undefined) yield* nestedTests(inner)
  }
}
