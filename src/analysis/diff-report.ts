import { shorten, visible } from '../base/text.ts'
import type { Principal } from '../protocol/principal.ts'
import { plural } from '../report/format.ts'
import { isNewlyAllowed, type Change, type Difference, type Example } from './diff.ts'
import { placeText } from '../protocol/place.ts'

/** A difference as plain data. */
export function differenceToJson(difference: Difference, code: number): object {
  return {
    ...difference,
    changes: difference.changes.map((change) => ({
      newlyAllowed: isNewlyAllowed(change),
      ...change,
    })),
    exit: { code },
  }
}

/** A difference as people read it: what became allowed first. */
export function renderDifference(difference: Difference): string {
  const { changes, recorded, generated, partly, unused } = difference
  const counted = [
    ...(recorded === 0 ? [] : [plural(recorded, 'recorded call')]),
    plural(generated, 'generated call'),
  ]
  const lines = [
    counted.join(', '),
    ...changes.flatMap(changeLines),
    ...(changes.length === 0 ? ['  no call is decided otherwise'] : []),
    ...partly.map((tool) => `not every combination of arguments was tried for ${visible(tool)}`),
    ...unused.map((rule) => `unused rule ${visible(rule.rule)}  ${placeText(rule)}`),
  ]
  return `${lines.join('\n')}\n`
}

function changeLines(change: Change): readonly string[] {
  const { tool, before, after, count, example } = change
  const title = isNewlyAllowed(change) ? 'NEWLY ALLOWED' : `${before.effect} -> ${after.effect}`
  const rules = `${before.effect} by ${visible(before.rule)} -> ${after.effect} by ${visible(after.rule)}`
  return [
    `  ${title.padEnd(14)} ${shorten(tool, 128)}  ${plural(count, 'call')}  ${rules}`,
    `      e.g. ${exampleText(example)}`,
  ]
}

function exampleText({ args, given, principal, prompt, recorded }: Example): string {
  const parts = [
    ...(recorded === undefined ? [] : [shorten(recorded, 128)]),
    shorten(JSON.stringify(args), 300),
    `as ${callerText(principal)}`,
    ...(prompt === undefined ? [] : [`asked ${shorten(JSON.stringify(prompt), 120)}`]),
    ...(given.length === 0 ? [] : [`after ${givenText(given)}`]),
  ]
  return parts.join('  ')
}

function callerText(principal: Principal | null): string {
  if (principal === null) return 'nobody known'
  const { roles, scopes, tenant, agent } = principal
  const words = [
    `[${roles.map(visible).join(', ')}]`,
    ...(scopes.length === 0 ? [] : [`with ${scopes.map(visible).join(', ')}`]),
    ...(tenant === undefined ? [] : [`of ${shorten(tenant, 64)}`]),
    ...(agent === undefined ? [] : [`through ${shorten(agent, 64)}`]),
  ]
  return words.join(' ')
}

/** The tools that were called before, equal ones counted. */
function givenText(given: Example['given']): string {
  const counts = Map.groupBy(given, ({ tool }) => tool)
  return [...counts].map(([tool, calls]) => `${calls.length} x ${shorten(tool, 64)}`).join(', ')
}
