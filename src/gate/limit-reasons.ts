import { pointerOf } from '../base/json.ts'
import type { CompiledLimit } from '../policy/policy.ts'
import type { Finding } from './finding.ts'
import type { Shortage } from './limits.ts'

const units = { calls: 'calls', denials: 'denials', cost: 'dollars', time: 'seconds' } as const

export function limitFinding({ hasRest, limit }: Shortage<CompiledLimit>): Finding {
  const { id, over, position, max, count, sum } = limit
  const what = sum === undefined ? units[count] : `of \`${pointerOf(sum)}\` in all`
  const unless = count === 'cost' ? ', or the price of an answer is not known' : ''
  const named = `limit \`${id}\` of ${max} ${what}`
  const reason = hasRest ? `this call goes over ${named}` : `${named} is used up${unless}`
  return { effect: over, rule: `limits.${id}`, position, reason }
}

/** Only of a sum can something be left that is too little. */
export function laterOf({ id, max, sum }: CompiledLimit): string {
  return `as it is, this call goes over limit \`${id}\` of ${max} of \`${pointerOf(sum!)}\` in all and will be refused`
}
