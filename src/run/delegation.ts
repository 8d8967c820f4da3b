import type { ApprovalRequest } from '../gate/verdict.ts'
import type { ToolCall } from '../protocol/call.ts'
import type { ChildRun } from '../protocol/child-run.ts'
import type { Ending } from './ending.ts'
import type { Delegate, Tool } from '../tools/tool.ts'

/** What became of the run that a call has led to. */
export interface Delegated {
  readonly child: ChildRun
  /**
   * It waits for people or for another carrier, or was stopped and has calls in doubt that somebody
   * has to settle: the call has no result yet.
   */
  readonly rests?: Pick<Resting, 'pending' | 'inDoubt'>
}

/** The run of a call rests, and so does the call. */
export interface Resting {
  readonly child: ChildRun
  /** Whole milliseconds until then. */
  readonly durationMs: number
  readonly pending: readonly ApprovalRequest[]
  readonly inDoubt: readonly string[]
}

/** A call of an agent that is about to be carried out. */
export interface Delegating {
  /** The run it leads to; the same whenever the call is carried out again. */
  readonly runId: string
  readonly delegate: Delegate
  /** Resolves when that run has ended; undefined when it was never begun. */
  outcome(): Promise<Delegated | undefined>
}

export interface Recall {
  /** This process has counted all of it before; else as far as it has carried it. */
  readonly isCounted: boolean
  /** What the run has used is told by the result of its call, or as the run goes on. */
  readonly isTold: boolean
}

/** How calls of agents become runs. */
export interface Delegation {
  isAgent(tool: Tool | undefined): boolean
  /** Whether nobody knows how a call has ended that was started before: of an agent its run tells. */
  leavesDoubt(callId: string, tool: Tool | undefined): boolean
  /** Undefined for a tool that is no agent. */
  open(call: ToolCall, tool: Tool | undefined): Delegating | undefined
  /**
   * What a run of the past counts as that a call has led to: what it has read and what it has taken
   * of limits, once, and what it has used unless that is told elsewhere. False where the call has led
   * to none. Does nothing for a run that has gone on here.
   */
  recall(callId: string, tool: Tool | undefined, how: Recall): Promise<boolean>
}

/** How a call of an agent has ended, or that it has not. */
export async function concluded(
  ending: Ending,
  delegating: Delegating | undefined,
): Promise<Ending | Resting> {
  const outcome = await delegating?.outcome()
  if (outcome === undefined) return ending
  const { child, rests } = outcome
  if (rests === undefined) return { ...ending, child }
  // a call that was stopped meanwhile has ended, unless the run has calls that somebody has to settle
  return ending.status === 'success' || rests.inDoubt.length > 0
    ? { child, durationMs: ending.durationMs, ...rests }
    : { ...ending, child }
}
