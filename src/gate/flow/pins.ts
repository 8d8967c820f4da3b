import { escapeToken } from '../../base/json.ts'
import type { ArgumentTest, PolicyFile } from '../../policy/document.ts'
import type { Decision } from '../../protocol/decision.ts'

/**
 * JSON pointers of the arguments whose value an allow rule that is true pins (`const`, `enum`,
 * `equals`): the policy itself has named the value.
 */
export function pinnedBy(decision: Decision, { rules, source }: PolicyFile): readonly string[] {
  const applying = new Set(
    decision.rules
      .filter(
        ({ effect, shadow, unknown, file }) =>
          effect === 'allow' && shadow !== true && unknown !== true && file === source.file,
      )
      .map(({ id }) => id),
  )
  return rules
    .filter(({ id, effect }) => effect === 'allow' && applying.has(id))
    .flatMap(({ args }) => args)
    .filter(({ test }) => isPin(test))
    .map(({ path }) => path.map((token) => `/${escapeToken(token)}`).join(''))
}

/** Whether every value for which the test is true is one that the policy names. */
function isPin({ const: constant, enum: values, equals, items, anyOf }: ArgumentTest): boolean {
  if (constant !== undefined || values !== undefined || equals !== undefined) return true
  if (items !== undefined && isPin(items)) return true
  return anyOf !== undefined && anyOf.length > 0 && anyOf.every(isPin)
}
