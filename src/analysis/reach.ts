import type { ArgumentTest, Role, Rule, RuleArgument } from '../policy/document.ts'
import { no, yes, type Truth } from '../policy/truth.ts'
import { concerns } from '../policy/caller.ts'
import { callersOf, closures } from './rule-callers.ts'
import { cellsOf, type Cell } from './cells.ts'
import { truthOfCell } from './truth-of-cell.ts'

/** A rule that may stand in front of another one. */
export interface Cover {
  readonly rule: Rule
  /** Covers what it holds for, or also what it cannot be evaluated for. */
  readonly when: 'true' | 'not-false'
}

/** What the schema of a tool says about its arguments. */
export interface ArgumentSchema {
  /** By name or pointer, as rules write it. A test that cannot be evaluated does not matter. */
  testOf(name: string): ArgumentTest | undefined
  isRequired(name: string): boolean
}

export interface Question {
  readonly rule: Rule
  /** When the rule has a say: when it is true, or also when it cannot be evaluated. */
  readonly counts: 'true' | 'not-false'
  readonly covers: readonly Cover[]
  readonly roles: readonly Role[]
  readonly schema?: ArgumentSchema | undefined
}

/**
 * Whether there may be a call in which the rule has a say and none of the covers holds, of a tool
 * that all of them are about. A no is certain. A yes is certain too, but for patterns, parts,
 * items and the caller, which are compared by what is written only, and for what is too large.
 */
export function isReachable(question: Question): boolean {
  const { rule, covers, roles } = question
  const lasting = covers.filter((cover) => lasts(cover.rule, rule))
  const callers = callersOf(
    rule,
    lasting.map((cover) => cover.rule),
    closures(roles),
  )
  if (callers === undefined) return true
  const open = new Map<string, boolean>()
  return callers.some((caller) => {
    const active = lasting.filter((cover) => concerns(cover.rule, caller, caller))
    const key = active.map((cover) => cover.rule.id).join('\n')
    const known = open.get(key) ?? hasCall({ ...question, covers: active })
    open.set(key, known)
    return known
  })
}

/** Whether a cover is in force whenever the rule is. */
function lasts(cover: Rule, rule: Rule): boolean {
  return (
    !cover.shadow &&
    (cover.from ?? -Infinity) <= (rule.from ?? -Infinity) &&
    (cover.until ?? Infinity) >= (rule.until ?? Infinity)
  )
}

/** The covers that do not hold for one kind of value of an argument, one bit for each. */
type Escaped = bigint

function hasCall(question: Question): boolean {
  const names = new Set(
    [question.rule, ...question.covers.map(({ rule }) => rule)].flatMap(({ args }) =>
      args.map(({ name }) => name.text),
    ),
  )
  const choices: (readonly Escaped[])[] = [escapesByNames(question)]
  for (const name of names) {
    const escapes = escapesOf(name, question)
    if (escapes === undefined) return true
    if (escapes.length === 0) return false
    choices.push(escapes)
  }
  return canEscape(choices, question.covers.length)
}

/** `onlyArgs` of a cover holds only when nothing beside is sent, which a call may always do. */
function escapesByNames({ covers }: Question): readonly Escaped[] {
  return [bitsOf(covers, ({ rule }) => rule.onlyArgs !== undefined)]
}

/** For every kind of value of the argument with which the rule has a say, the covers it escapes. */
function escapesOf(name: string, question: Question): readonly Escaped[] | undefined {
  const { rule, covers, counts, schema } = question
  const own = argumentOf(rule, name)
  const theirs = covers.map((cover) => argumentOf(cover.rule, name))
  const typed = schema?.testOf(name)
  const tests = [own, ...theirs].flatMap((argument) =>
    argument === undefined ? [] : argument.test,
  )
  const cells = cellsOf(typed === undefined ? tests : [...tests, typed])
  if (cells === undefined) return undefined
  const escapes = cells
    .filter((cell) => typed === undefined || truthOfCell(typed, cell) !== no)
    .filter((cell) => own === undefined || counted(truthOfCell(own.test, cell), counts))
    .map((cell) => escapedBy(cell, theirs, covers))
  const mayLack = own === undefined || (own.optional && rule.effect !== 'deny')
  if (mayLack && schema?.isRequired(name) !== true) escapes.push(escapedByAbsence(theirs, covers))
  const forbidden = rule.onlyArgs?.every(({ text }) => text !== name && !name.startsWith('/'))
  return largest(forbidden === true ? [escapedByAbsence(theirs, covers)] : escapes)
}

function argumentOf({ args }: Rule, name: string): RuleArgument | undefined {
  return args.find((argument) => argument.name.text === name)
}

function counted(truth: Truth, when: 'true' | 'not-false'): boolean {
  return when === 'true' ? truth === yes : truth !== no
}

function escapedBy(
  cell: Cell,
  tests: readonly (RuleArgument | undefined)[],
  covers: readonly Cover[],
): Escaped {
  return bitsOf(
    tests,
    (argument, at) =>
      argument !== undefined && !counted(truthOfCell(argument.test, cell), covers[at]!.when),
  )
}

function escapedByAbsence(
  tests: readonly (RuleArgument | undefined)[],
  covers: readonly Cover[],
): Escaped {
  return bitsOf(
    tests,
    (argument, at) =>
      argument !== undefined && (!argument.optional || covers[at]!.rule.effect === 'deny'),
  )
}

function bitsOf<T>(list: readonly T[], test: (item: T, at: number) => boolean): Escaped {
  return list.reduce((bits, item, at) => (test(item, at) ? bits | (1n << BigInt(at)) : bits), 0n)
}

/** Without those that escape no more than another one does. */
function largest(escapes: Iterable<Escaped>): readonly Escaped[] {
  const distinct = [...new Set(escapes)]
  return distinct.filter(
    (escaped) => !distinct.some((other) => other !== escaped && (other & escaped) === escaped),
  )
}

/** Combinations that are followed at most; beyond it nothing is claimed. */
const maxCombinations = 4096

/** Whether one choice for each argument can be made so that every cover is escaped. */
function canEscape(choices: readonly (readonly Escaped[])[], covers: number): boolean {
  const all = (1n << BigInt(covers)) - 1n
  let reached: readonly Escaped[] = [0n]
  for (const choice of choices) {
    if (reached.length * choice.length > maxCombinations) return true
    reached = largest(reached.flatMap((before) => choice.map((more) => before | more)))
  }
  return reached.includes(all)
}
