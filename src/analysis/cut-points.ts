import { canonicalJson } from '../base/digest.ts'
import type { JsonValue } from '../base/json.ts'
import type { ArgumentTest, JsonType } from '../policy/document.ts'
import type { Principal } from '../protocol/principal.ts'
import { numberBounds } from './language.ts'
import { sampleOf } from './pattern-sample.ts'

/** What stands for an argument that is left out. */
export const missing: unique symbol = Symbol('missing')
export type Sample = JsonValue | typeof missing

/** Texts and lists that a test asks for are not made longer than this. */
const maxSize = 4096

/**
 * Values on every side of every cut that the tests make: members of lists and a stranger, each
 * bound with its neighbours and what lies between two of them, a text for each pattern, one value
 * of each type. Two policies that agree on all of them agree about this argument, as far as
 * patterns can be met by a sample.
 */
export function cutPoints(
  tests: readonly ArgumentTest[],
  principal: Principal | null,
): readonly Sample[] {
  const points = new Points(principal)
  for (const test of tests) points.add(test)
  return [missing, ...points.values()]
}

const ofType: Readonly<Record<JsonType, readonly JsonValue[]>> = {
  string: ['other'],
  number: [0.5],
  integer: [1],
  boolean: [true, false],
  array: [[]],
  object: [{}],
  null: [null],
}

/** One value of each type, so that no test stays without a value it refuses by type. */
const everyType: readonly JsonValue[] = ['other', 1, true, null, [], {}]

class Points {
  readonly #principal: Principal | null
  readonly #found = new Map<string, JsonValue>()
  readonly #bounds = new Set<number>()
  readonly #divisors = new Set<number>()

  constructor(principal: Principal | null) {
    this.#principal = principal
  }

  add(test: ArgumentTest): void {
    this.#addTexts(test)
    this.#addNumbers(test)
    this.#addLists(test)
    if (test.type !== undefined) this.#take(...ofType[test.type])
    if (test.const !== undefined) this.#take(test.const)
    if (test.enum !== undefined) this.#take(...test.enum)
    if (test.not !== undefined) this.add(test.not)
    for (const inner of test.anyOf ?? []) this.add(inner)
  }

  values(): readonly JsonValue[] {
    this.#take(...everyType)
    for (const number of this.#between()) this.#take(number)
    return [...this.#found.values()]
  }

  #take(...values: readonly JsonValue[]): void {
    for (const value of values) {
      // what has no canonical form cannot be an argument
      if (typeof value === 'number' && !Number.isFinite(value)) continue
      this.#found.set(canonicalJson(value), value)
    }
  }

  #addTexts(test: ArgumentTest): void {
    for (const length of [test.minLength, test.maxLength]) {
      if (length === undefined) continue
      for (const near of around(length)) this.#take('x'.repeat(near))
    }
    for (const pattern of [test.matches, test.containsMatch]) {
      const sample = pattern === undefined ? undefined : sampleOf(pattern)
      if (sample !== undefined) this.#take(sample)
    }
    if (test.contains !== undefined) this.#take(test.contains, [test.contains])
    for (const domain of test.domain ?? []) {
      const name = domain.replace(/^\*\./, 'sub.')
      this.#take(name, `https://${name}/`, `someone@${name}`)
    }
    if (test.domain !== undefined) this.#take('https://elsewhere.example/', 'a@elsewhere.example')
    const own = test.equals === undefined ? undefined : this.#principal?.[test.equals.principal]
    if (own !== undefined) this.#take(own)
  }

  #addNumbers(test: ArgumentTest): void {
    for (const key of numberBounds) if (test[key] !== undefined) this.#bounds.add(test[key])
    if (test.multipleOf !== undefined) this.#divisors.add(test.multipleOf)
  }

  #addLists(test: ArgumentTest): void {
    for (const length of [test.minItems, test.maxItems]) {
      if (length === undefined) continue
      for (const near of around(length)) this.#take(Array<JsonValue>(near).fill('other'))
    }
    const { startsWith } = test
    if (startsWith !== undefined) {
      this.#take([...startsWith], [...startsWith, 'other'], ['other', ...startsWith.slice(1)])
      this.#take(startsWith.slice(0, -1))
    }
    for (const inner of [test.items, test.anyItem]) {
      if (inner === undefined) continue
      const points = new Points(this.#principal)
      points.add(inner)
      const values = points.values()
      for (const value of values) this.#take([value], [value, values[0]!])
    }
  }

  /** Each bound, its whole neighbours, the middle to the next bound, and multiples beside it. */
  #between(): readonly number[] {
    const sorted = [...this.#bounds].toSorted((a, b) => a - b)
    const numbers = sorted.flatMap((bound, index) => {
      const next = sorted[index + 1]
      const middle = next === undefined ? [] : [(bound + next) / 2, Math.floor((bound + next) / 2)]
      return [bound, bound - 1, bound + 1, bound - 0.5, bound + 0.5, ...middle]
    })
    const divisors = [...this.#divisors]
    const multiples = divisors.flatMap((divisor) =>
      [0, ...sorted].flatMap((bound) => {
        const times = Math.floor(bound / divisor)
        return [times * divisor, (times + 1) * divisor, times * divisor + divisor / 2]
      }),
    )
    return [...numbers, ...multiples]
  }
}

function around(length: number): readonly number[] {
  return [length - 1, length, length + 1].filter((near) => near >= 0 && near <= maxSize)
}
