import type { JsonValue } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { ArgumentTest } from '../policy/document.ts'
import { numberBounds, sizeBounds } from './language.ts'
import type { Change } from './mutants.ts'
import { isTestableSize } from './testable.ts'

const lists = ['enum', 'domain', 'from'] as const

/** Every test of a value that differs from the given one in one word, bound or member. */
export function* mutantsOfTest(test: ArgumentTest, name: string): Generator<Change<ArgumentTest>> {
  yield* withoutWords(test, name)
  yield* withMovedBounds(test, name)
  yield* withoutMembers(test, name)
  yield* inside(test, name)
}

/** A test without one of its words. With a single word, the argument would not be looked at. */
function* withoutWords(test: ArgumentTest, name: string): Generator<Change<ArgumentTest>> {
  const keys = Object.keys(test).filter((key) => key !== 'at') as (keyof ArgumentTest)[]
  if (keys.length < 2) return
  for (const key of keys) {
    if (key === 'type' && isImplied(test, keys)) continue
    if (isLargeSize(test, key)) continue
    const { [key]: _left, ...rest } = test
    const what = `${name} is not tested by \`${key}\``
    yield { kind: 'dropped', what, at: test.at, part: rest as ArgumentTest }
  }
}

/** A value of another type is refused by its other tests as well, except where whole numbers count. */
function isImplied({ type }: ArgumentTest, keys: readonly string[]): boolean {
  return type !== 'integer' && keys.some((key) => key !== 'type' && key !== 'not')
}

function isLargeSize(test: ArgumentTest, key: keyof ArgumentTest): boolean {
  const size = sizeBounds.find((name) => name === key)
  return size !== undefined && !isTestableSize(test[size] ?? 0)
}

function* withMovedBounds(test: ArgumentTest, name: string): Generator<Change<ArgumentTest>> {
  for (const key of [...numberBounds, ...sizeBounds]) {
    const bound = test[key]
    if (bound === undefined || isLargeSize(test, key)) continue
    const step = stepOf(bound)
    for (const moved of [bound - step, bound + step]) {
      const isSize = (sizeBounds as readonly string[]).includes(key)
      if (isSize && moved < 0) continue
      const value = Number(moved.toPrecision(15))
      const what = `${name} has \`${key}: ${value}\``
      yield { kind: 'bound', what, at: test.at, part: { ...test, [key]: value } }
    }
  }
}

/** One unit of the last digit that is written: 1 for 500, 0.01 for 0.25. */
function stepOf(bound: number): number {
  const digits = /^-?\d+\.(\d+)$/.exec(String(bound))?.[1]
  return digits === undefined ? 1 : 10 ** -digits.length
}

function* withoutMembers(test: ArgumentTest, name: string): Generator<Change<ArgumentTest>> {
  for (const key of lists) {
    const list: readonly JsonValue[] = test[key] ?? []
    if (list.length < 2) continue
    for (const [index, member] of list.entries()) {
      const what = `\`${key}\` of ${name} lacks \`${shorten(JSON.stringify(member), 64)}\``
      const part = { ...test, [key]: list.toSpliced(index, 1) } as ArgumentTest
      yield { kind: 'member', what, at: test.at, part }
    }
  }
  const { startsWith } = test
  if (startsWith === undefined) return
  for (const [index, word] of startsWith.entries()) {
    const what = `\`startsWith\` of ${name} takes anything for \`${shorten(word, 64)}\``
    // from this word on nothing is compared any more
    const part = { ...test, startsWith: startsWith.slice(0, index) }
    yield { kind: 'member', what, at: test.at, part }
  }
}

function* inside(test: ArgumentTest, name: string): Generator<Change<ArgumentTest>> {
  for (const key of ['items', 'anyItem', 'not'] as const) {
    const inner = test[key]
    if (inner === undefined) continue
    for (const { part, ...change } of mutantsOfTest(inner, `\`${key}\` of ${name}`)) {
      yield { ...change, part: { ...test, [key]: part } }
    }
  }
  const { anyOf } = test
  if (anyOf === undefined) return
  for (const [index, choice] of anyOf.entries()) {
    const place = `choice ${index + 1} of ${name}`
    if (anyOf.length > 1) {
      const part = { ...test, anyOf: anyOf.toSpliced(index, 1) }
      yield { kind: 'member', what: `${place} is left out`, at: choice.at, part }
    }
    for (const { part, ...change } of mutantsOfTest(choice, place)) {
      yield { ...change, part: { ...test, anyOf: anyOf.with(index, part) } }
    }
  }
}
