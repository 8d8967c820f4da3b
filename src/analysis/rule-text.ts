import { visible } from '../base/text.ts'
import type { Decision } from '../protocol/decision.ts'
import { decidingRule, placeText } from '../protocol/place.ts'

/** What decided, and behind two spaces where that is written; a step beside the rules has no place. */
export function ruleText(decision: Decision): string {
  const deciding = decidingRule(decision)
  const place = deciding === undefined ? '' : `  ${placeText(deciding)}`
  return `${visible(decision.rule)}${place}`
}
