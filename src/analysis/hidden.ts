import { isDeepStrictEqual } from 'node:util'
import type { ArgumentTest, PolicyFile, Rule, RuleArgument } from '../policy/document.ts'
import { compileGlobs } from '../policy/glob.ts'
import type { Policy } from '../policy/policy.ts'
import { generate } from './generate.ts'
import { numberBounds } from './language.ts'
import type { SuiteOptions } from './suite.ts'

/** Beyond so many a change counts as one that shows. */
const maxCombinations = 4096

interface Moved {
  readonly rule: Rule
  readonly argument: RuleArgument
  /** Both bounds and what lies between them: only such values can be decided otherwise. */
  readonly values: readonly number[]
}

/**
 * Whether a file in which one numeric bound was moved decides as before, since other rules decide
 * about the values in between. False also where that cannot be told by trying.
 */
export function isHidden(
  changed: PolicyFile,
  file: PolicyFile,
  compile: (file: PolicyFile) => Policy,
  { now = Number.NaN, tools = [] }: SuiteOptions,
): boolean {
  const moved = movedBound(changed, file)
  if (moved === undefined) return false
  const isAbout = compileGlobs(moved.rule.tools)
  const { partly, scenarios } = generate([narrowed(file, moved)], tools, maxCombinations)
  if (partly.some(isAbout)) return false
  const [before, after] = [compile(file), compile(changed)]
  for (const { args, given, principal, tool } of scenarios) {
    if (given.length > 0 || !isAbout(tool)) continue
    // everything else that has a say is the same on both sides
    const request = { tool, args, principal, now, at: '' }
    const [a, b] = [before.decide(request), after.decide(request)]
    if (a.effect !== b.effect || a.rule !== b.rule) return false
  }
  return true
}

function movedBound({ rules }: PolicyFile, file: PolicyFile): Moved | undefined {
  const index = file.rules.findIndex((rule, at) => rule !== rules[at])
  const rule = file.rules[index]
  const argument = rule?.args.find((each, at) => each !== rules[index]?.args[at])
  const other = rules[index]?.args.find((each) => each.name === argument?.name)
  if (rule === undefined || argument === undefined || other === undefined) return undefined
  for (const key of numberBounds) {
    const [from, to] = [argument.test[key], other.test[key]]
    if (from === undefined || to === undefined || from === to) continue
    return { rule, argument, values: [from, (from + to) / 2, to] }
  }
  return undefined
}

/** The same file, in which the tests of one argument tell nothing apart but the given values. */
function narrowed(file: PolicyFile, { argument, values }: Moved): PolicyFile {
  const test = (at: ArgumentTest['at']): ArgumentTest => ({ enum: values, at })
  const rules = file.rules.map((rule) => ({
    ...rule,
    args: rule.args.map((each) =>
      isDeepStrictEqual(each.path, argument.path) ? { ...each, test: test(each.test.at) } : each,
    ),
  }))
  return { ...file, rules, tests: [], limits: [], sequences: [] }
}
