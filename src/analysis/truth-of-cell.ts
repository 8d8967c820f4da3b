import { compileTest, type Check } from '../policy/argument-test.ts'
import type { ArgumentTest } from '../policy/document.ts'
import type { DecisionRequest } from '../policy/policy.ts'
import { no, not, truthOf, unknown, yes, type Truth } from '../policy/truth.ts'
import { dependsOnCall, openQuestion, type Cell } from './cells.ts'

/** Tests whose answer for a value that only stands in for others is among the answers of a cell. */
const open: Partial<Record<keyof ArgumentTest, Cell['type']>> = {
  matches: 'string',
  containsMatch: 'string',
  contains: 'string',
  items: 'array',
  anyItem: 'array',
  multipleOf: 'number',
}

/** Nobody calls: what depends on the caller is among the answers of a cell. */
const nobody: DecisionRequest = { tool: '', args: {}, principal: null, now: Number.NaN, at: '' }

/** What a test says about every value of a cell. */
export function truthOfCell(test: ArgumentTest, cell: Cell): Truth {
  let result = yes
  for (const key of Object.keys(test) as (keyof ArgumentTest)[]) {
    if (key === 'at' || test[key] === undefined) continue
    const truth = truthOfKey(test, key, cell)
    if (truth < result) result = truth
  }
  return result
}

function truthOfKey(test: ArgumentTest, key: keyof ArgumentTest, cell: Cell): Truth {
  switch (key) {
    case 'not':
      return not(truthOfCell(test.not!, cell))
    case 'anyOf':
      return test.anyOf!.reduce<Truth>(
        (best, inner) => Math.max(best, truthOfCell(inner, cell)) as Truth,
        no,
      )
    case 'from':
      return answer(test, key, cell)
    case 'equals':
      return cell.type === 'string' ? answer(test, key, cell) : unknown
    case 'minLength':
    case 'maxLength':
    case 'minItems':
    case 'maxItems':
      return cell.isExact ? reallyTest(test, key, cell) : lengthTest(test[key]!, key, cell)
    default: {
      const isOpen =
        open[key] === cell.type && (!cell.isExact || dependsOnCall(openQuestion(key, test[key])))
      return isOpen ? answer(test, key, cell) : reallyTest(test, key, cell)
    }
  }
}

function answer(test: ArgumentTest, key: keyof ArgumentTest, { answers }: Cell): Truth {
  return truthOf(answers.get(openQuestion(key, test[key])) === true)
}

/** Of the single keys of tests; a test is asked about many cells. */
const compiled = new WeakMap<ArgumentTest, Map<keyof ArgumentTest, Check>>()

function reallyTest(test: ArgumentTest, key: keyof ArgumentTest, { value }: Cell): Truth {
  const checks = compiled.get(test) ?? new Map<keyof ArgumentTest, Check>()
  compiled.set(test, checks)
  const check = checks.get(key) ?? compileTest({ [key]: test[key], at: test.at })
  checks.set(key, check)
  return check(value, nobody)
}

function lengthTest(
  bound: number,
  key: 'minLength' | 'maxLength' | 'minItems' | 'maxItems',
  { type, length }: Cell,
): Truth {
  const measured = key.endsWith('Length') ? 'string' : 'array'
  if (type !== measured) return unknown
  return truthOf(key.startsWith('min') ? length >= bound : length <= bound)
}
