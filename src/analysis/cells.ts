import { isObject, type JsonValue } from '../base/json.ts'
import { fold } from '../policy/equality.ts'
import type { ArgumentTest, JsonType } from '../policy/document.ts'
import { numberBounds } from './language.ts'
import { hasMultiple, numbersBetween } from './numbers.ts'
import { written } from './written.ts'

/**
 * Some values that the given tests treat alike. What a test finds out is either told by `value`
 * (types, numbers, literals, hosts, beginnings of lists), by `length`, or left open: then
 * `answers` holds one of the possible answers, and another cell the other one.
 */
export interface Cell {
  readonly type: Exclude<JsonType, 'integer'>
  readonly value: JsonValue
  /** True when `value` is all there is: it stands in one of the tests. */
  readonly isExact: boolean
  /** Of a text in characters or of a list in items, where `value` only stands in for it. */
  readonly length: number
  /** By `openQuestion`; a question that is not here has the answer no. */
  readonly answers: ReadonlyMap<string, boolean>
}

/** More cells than this are not built: the question stays without an answer. */
const maxCells = 4096

/** What the tests tell apart. */
interface Distinctions {
  readonly literals: JsonValue[]
  readonly numbers: Set<number>
  readonly textLengths: Set<number>
  readonly listLengths: Set<number>
  readonly beginnings: (readonly string[])[]
  readonly hosts: Set<string>
  readonly divisors: Map<string, number>
  readonly ofText: Map<string, string | undefined>
  readonly ofLists: Set<string>
  readonly ofAny: Set<string>
}

/** The name of a question that only a value itself could answer. */
export function openQuestion(key: string, parameter: unknown): string {
  return `${key}:${written(parameter)}`
}

/**
 * Cells that together hold every JSON value; undefined when they would be too many. No two values
 * of one cell are told apart by any of the tests, except by patterns, parts, items and the caller:
 * for these every combination of answers has a cell, also one that no value may have.
 */
export function cellsOf(tests: readonly ArgumentTest[]): readonly Cell[] | undefined {
  const found = distinguish(tests)
  const cells: Cell[] = []
  for (const part of [texts(found), numbers(found), lists(found), others(found)]) {
    for (const cell of part) {
      cells.push(cell)
      if (cells.length > maxCells) return undefined
    }
  }
  return cells
}

function distinguish(tests: readonly ArgumentTest[]): Distinctions {
  const found: Distinctions = {
    literals: [],
    numbers: new Set(),
    textLengths: new Set([0]),
    listLengths: new Set([0]),
    beginnings: [[]],
    hosts: new Set(),
    divisors: new Map(),
    ofText: new Map(),
    ofLists: new Set(),
    ofAny: new Set(),
  }
  for (const test of tests) collect(test, found)
  return found
}

function collect(test: ArgumentTest, found: Distinctions): void {
  found.literals.push(...(test.enum ?? []))
  if (test.const !== undefined) found.literals.push(test.const)
  for (const key of numberBounds) if (test[key] !== undefined) found.numbers.add(test[key])
  addLengths(found.textLengths, test.minLength, test.maxLength)
  addLengths(found.listLengths, test.minItems, test.maxItems)
  if (test.startsWith !== undefined) {
    found.beginnings.push(test.startsWith)
    addLengths(found.listLengths, test.startsWith.length, undefined)
  }
  for (const domain of test.domain ?? []) found.hosts.add(domain.replace(/^\*/, 'some-host'))
  collectQuestions(test, found)
  if (test.not !== undefined) collect(test.not, found)
  for (const inner of test.anyOf ?? []) collect(inner, found)
}

function collectQuestions(test: ArgumentTest, found: Distinctions): void {
  for (const key of ['matches', 'containsMatch', 'equals'] as const) {
    if (test[key] !== undefined) found.ofText.set(openQuestion(key, test[key]), undefined)
  }
  if (test.contains !== undefined) {
    found.ofText.set(openQuestion('contains', test.contains), fold(test.contains))
  }
  for (const key of ['items', 'anyItem'] as const) {
    if (test[key] !== undefined) found.ofLists.add(openQuestion(key, test[key]))
  }
  if (test.from !== undefined) found.ofAny.add(openQuestion('from', test.from))
  if (test.multipleOf !== undefined) {
    found.divisors.set(openQuestion('multipleOf', test.multipleOf), test.multipleOf)
  }
}

function addLengths(to: Set<number>, low: number | undefined, high: number | undefined): void {
  for (const bound of [low, high]) {
    if (bound === undefined) continue
    to.add(bound)
    to.add(bound + 1)
    if (bound > 0) to.add(bound - 1)
  }
}

function* texts(found: Distinctions): Generator<Cell> {
  const literals = found.literals.filter((value) => typeof value === 'string')
  yield* exact('string', [...new Set([...literals, ''])], found)
  const questions = [...found.ofText.keys(), ...found.ofAny]
  const longest = Math.max(...found.textLengths) + 1
  for (const value of ['no host at all', 'some.host.invalid', ...found.hosts]) {
    for (const length of [...found.textLengths, longest]) {
      if (length === 0) continue
      for (const answers of combinations(questions)) {
        if (isConsistent(answers, found.ofText)) {
          yield { type: 'string', value, isExact: false, length, answers }
        }
      }
    }
  }
}

/** A text that contains a part contains the parts of the part. */
function isConsistent(
  answers: ReadonlyMap<string, boolean>,
  parts: ReadonlyMap<string, string | undefined>,
): boolean {
  const given = [...parts].filter(([, part]) => part !== undefined) as [string, string][]
  return given.every(
    ([question, part]) =>
      answers.get(question) !== true ||
      given.every(([other, inner]) => answers.get(other) === true || !part.includes(inner)),
  )
}

function* numbers(found: Distinctions): Generator<Cell> {
  const literals = found.literals.filter((value) => typeof value === 'number')
  const points = [...new Set([...literals, ...found.numbers])].toSorted((a, b) => a - b)
  yield* exact('number', points, found)
  const borders = [-Infinity, ...points, Infinity]
  for (const [index, low] of borders.slice(0, -1).entries()) {
    const high = borders[index + 1]!
    for (const value of numbersBetween(low, high)) {
      const possible = [...found.divisors].filter(([, divisor]) =>
        Number.isInteger(value) || !Number.isInteger(divisor)
          ? hasMultiple(low, high, divisor)
          : false,
      )
      const questions = [...possible.map(([question]) => question), ...found.ofAny]
      for (const answers of combinations(questions)) {
        yield { type: 'number', value, isExact: false, length: 0, answers }
      }
    }
  }
}

function* lists(found: Distinctions): Generator<Cell> {
  yield* exact('array', [...found.literals.filter((value) => Array.isArray(value)), []], found)
  const longest = Math.max(...found.listLengths) + 1
  for (const beginning of found.beginnings) {
    for (const length of [...found.listLengths, longest]) {
      if (length === 0 || length < beginning.length) continue
      for (const answers of combinations([...found.ofLists, ...found.ofAny])) {
        const value = [...beginning, 'some item that no test names']
        yield { type: 'array', value, isExact: false, length, answers }
      }
    }
  }
}

function* others(found: Distinctions): Generator<Cell> {
  yield* exact('boolean', [true, false], found)
  yield* exact('null', [null], found)
  const objects: readonly JsonValue[] = found.literals.filter((value) => isObject(value))
  yield* exact('object', objects, found)
  for (const answers of combinations([...found.ofAny])) {
    const value = { 'some member that no test names': 0 }
    yield { type: 'object', value, isExact: false, length: 0, answers }
  }
}

/** A value that is known still may or may not come from a source or belong to the caller. */
function* exact(
  type: Cell['type'],
  values: readonly JsonValue[],
  { ofAny, ofText, ofLists }: Distinctions,
): Generator<Cell> {
  const questions = type === 'string' ? ofText.keys() : type === 'array' ? ofLists : []
  const ofCall = [...questions].filter(dependsOnCall)
  for (const value of values) {
    for (const answers of combinations([...ofAny, ...ofCall])) {
      yield { type, value, isExact: true, length: 0, answers }
    }
  }
}

/** Whether the answer depends on more than the value: on the caller, or on what was said. */
export function dependsOnCall(question: string): boolean {
  return /(^equals:|"equals":|"from":)/.test(question)
}

/** Questions beyond this number make too many cells anyway. */
const maxQuestions = 12

function* combinations(questions: readonly string[]): Generator<ReadonlyMap<string, boolean>> {
  const count = 2 ** Math.min(questions.length, maxQuestions + 1)
  for (let bits = 0; bits < count; bits++) {
    yield new Map(questions.map((question, at) => [question, ((bits >> at) & 1) === 1]))
  }
}
