import type { ArgumentTest, PolicyFile, Rule } from '../policy/document.ts'
import { presentAt } from '../base/json-path.ts'
import { compileGlobs } from '../policy/glob.ts'
import type { Position } from '../protocol/decision.ts'
import { numberBounds } from './language.ts'
import { mutants } from './mutants.ts'
import type { Question } from './question.ts'

/** One edit of a policy file. */
export interface Edit {
  readonly what: string
  readonly position: Position
  readonly file: PolicyFile
}

/** Edits that are tried at most: each means to compile the policy. */
const maxEdits = 200

/**
 * Edits of one place in a file that may change what is decided about a call: bounds moved to the
 * value of the call, then whatever can be left out, weakened or inverted in rules about its tool
 * and beside the rules.
 */
export function editsFor(file: PolicyFile, question: Question): readonly Edit[] {
  const { concerned = [], others = [] } = Object.groupBy(file.rules, (rule) =>
    isAbout(rule, question.tool) ? 'concerned' : 'others',
  )
  const edits = [...movedBounds(file, question)]
  for (const { kind, what, at, file: edited } of mutants({ ...file, rules: concerned })) {
    if (kind === 'bound') continue
    // the order of rules never matters
    const whole = { ...edited, rules: [...edited.rules, ...others] }
    edits.push({ what, position: placeOf(file, at), file: whole })
    if (edits.length >= maxEdits) break
  }
  return edits
}

export function isAbout(rule: Rule, tool: string): boolean {
  return compileGlobs(rule.tools)(tool)
}

/** Each numeric bound as it would be to just let the value of the call through. */
function* movedBounds(file: PolicyFile, { tool, args }: Question): Generator<Edit> {
  for (const [index, rule] of file.rules.entries()) {
    if (!isAbout(rule, tool)) continue
    for (const [place, argument] of rule.args.entries()) {
      const value = presentAt(args, argument.path)
      if (typeof value !== 'number') continue
      for (const key of numberBounds) {
        const bound = argument.test[key]
        if (bound === undefined) continue
        const step = key === 'exclusiveMinimum' ? -1 : key === 'exclusiveMaximum' ? 1 : 0
        const moved = value + step
        if (moved === bound) continue
        const test: ArgumentTest = { ...argument.test, [key]: moved }
        const edited = { ...rule, args: rule.args.with(place, { ...argument, test }) }
        yield {
          what: `\`${key}\` of \`${argument.name.text}\` in rule \`${rule.id}\` were ${moved}`,
          position: placeOf(file, argument.test.at),
          file: { ...file, rules: file.rules.with(index, edited) },
        }
      }
    }
  }
}

function placeOf({ source }: PolicyFile, { start }: { readonly start: number }): Position {
  return { file: source.file, ...source.point(start) }
}
