import { shorten } from '../base/text.ts'
import type { Effect } from '../protocol/decision.ts'
import { plural } from '../report/format.ts'
import type { Replayed, ReplayedCall } from './replay.ts'
import { ruleText } from './rule-text.ts'

/** Sums over traces. */
export interface ReplayTotals {
  traces: number
  calls: number
  readonly counts: Record<Effect, number>
  /** Calls whose record holds a decision with another effect. */
  changed: number
}

export function noTotals(): ReplayTotals {
  return { traces: 0, calls: 0, counts: { allow: 0, ask: 0, deny: 0 }, changed: 0 }
}

export function addTo(totals: ReplayTotals, { calls, counts }: Replayed): void {
  totals.traces++
  totals.calls += calls.length
  totals.changed += calls.filter(isChanged).length
  for (const effect of ['allow', 'ask', 'deny'] as const) totals.counts[effect] += counts[effect]
}

function isChanged({ call, decision }: ReplayedCall): boolean {
  return call.decision !== undefined && call.decision.effect !== decision.effect
}

/** One trace as plain data. */
export function replayedToJson({ trace, calls, counts }: Replayed): object {
  return {
    id: trace.id,
    decisions: calls.map(({ call, decision: { effect, rule, reasons } }) => ({
      tool: call.name,
      effect,
      rule,
      reasons,
    })),
    ...counts,
  }
}

/** One trace as people read it: what would not simply run, and what was decided otherwise before. */
export function renderReplayed({ trace, calls, counts }: Replayed): string {
  const { allow, ask, deny } = counts
  const head = `${shorten(trace.id, 128)}  ${allow} allowed, ${ask} asked, ${deny} denied`
  const shown = calls.filter((entry) => entry.decision.effect !== 'allow' || isChanged(entry))
  return [head, ...shown.flatMap(callLines), ''].join('\n')
}

function callLines(entry: ReplayedCall): readonly string[] {
  const { call, decision } = entry
  const before = isChanged(entry) ? `  (was ${call.decision!.effect})` : ''
  const by = ruleText(decision)
  const line = `  ${decision.effect.padEnd(5)} ${shorten(call.name, 128)}  by ${by}${before}`
  const [reason] = decision.effect === 'allow' ? [] : decision.reasons
  return reason === undefined ? [line] : [line, `        ${shorten(reason, 300)}`]
}

export function renderTotals({ traces, calls, counts, changed }: ReplayTotals): string {
  const { allow, ask, deny } = counts
  const differ = changed === 0 ? '' : `; ${changed} decided otherwise than recorded`
  return `${plural(traces, 'trace')}, ${plural(calls, 'call')}: ${allow} allowed, ${ask} asked, ${deny} denied${differ}\n`
}
