import type { ToolCall } from '../protocol/call.ts'
import type { CallBudget } from './call-budget.ts'
import { CallDesk } from './call-desk.ts'
import type { Judged } from './judged.ts'
import type { CallEnvironment } from './environment.ts'

/**
 * The calls of one turn: examined and judged in order, then run side by side, each as soon as it
 * may. Calls that wait for a person do not hold up the others.
 */
export async function runCalls(
  environment: CallEnvironment,
  calls: readonly ToolCall[],
  budget: CallBudget,
): Promise<CallDesk> {
  const desk = new CallDesk(environment, calls)
  const judged: (Judged | undefined)[] = []
  for (const call of calls) {
    const examined = environment.gate.examine(call, environment.view)
    const entry = desk.propose(examined instanceof Promise ? await examined : examined, budget)
    judged.push(entry instanceof Promise ? await entry : entry)
  }
  await carryOutAll(desk, judged)
  return desk
}

/** Side by side. A call that fails does not leave others behind, which may be at work in the world. */
export async function carryOutAll(
  desk: CallDesk,
  judged: readonly (Judged | undefined)[],
): Promise<void> {
  const ends = await Promise.allSettled(
    judged.map((entry) => (entry === undefined ? undefined : desk.carryOut(entry))),
  )
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
