import { visible } from '../base/text.ts'
import type { Decision, Position, RuleReference } from './decision.ts'

/** `file:line:column`, as terminals and editors read it; the name of the file made visible. */
export function placeText({ file, line, column }: Position): string {
  return `${visible(file)}:${line}:${column}`
}

/** The reference of the rule that decided; undefined where a step beside the rules did. */
export function decidingRule({
  rule,
  rules,
}: Pick<Decision, 'rule' | 'rules'>): RuleReference | undefined {
  return rules.find(({ id }) => id === rule)
}
