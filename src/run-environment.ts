import type { Carrier } from './carrier.ts'
import type { JudgeContext } from './gate/verdict.ts'
import type { ModelCaller } from './protocol/model.ts'
import type { RunEnvironment } from './run/environment.ts'
import { RememberedAnswers } from './run/remembered.ts'
import type { RuntimeParts } from './started-run.ts'

type Beginning = Pick<
  RunEnvironment,
  'context' | 'messages' | 'output' | 'past' | 'share' | 'delegation'
>

export function environmentOf(
  { recorder, started: { run, runId, limits, signal, steering } }: Carrier,
  {
    options,
    model,
    costs,
    costed,
    clock,
    drain,
    gate,
    keys,
    offered,
    plugins,
    registry,
    stops,
  }: RuntimeParts,
  beginning: Beginning,
): RunEnvironment {
  return {
    runId,
    model,
    modelWrappers: plugins?.modelWrappers,
    costed,
    caller: callerOf(beginning.context),
    costs,
    gate,
    recorder,
    clock,
    limits,
    stopWhen: options.stopWhen ?? [],
    prepareTurn: options.prepareTurn,
    steering,
    tools: offered(),
    view: registry,
    finalAnswer: run.finalAnswer ?? false,
    toolChoice: run.toolChoice ?? options.toolChoice ?? 'auto',
    settings: run.settings ?? options.settings,
    ...beginning,
    deps: run.deps,
    log: options.log,
    wrappers: plugins?.toolWrappers,
    approve: run.approve ?? options.approve,
    remembered: new RememberedAnswers(),
    signal,
    drain,
    stops,
    keys,
  }
}

/** Agents are counted with the run they work for, and held to its budget. */
export function callerOf({ lineage, principal, runId, session }: JudgeContext): ModelCaller {
  const first = lineage === undefined ? principal : lineage.principals.at(-1)
  const agent = first?.agent
  // frozen, as wrappers are shown it and budgets are counted by it
  return Object.freeze({
    runId: lineage?.root ?? runId,
    ...(lineage === undefined ? {} : { ownRunId: runId }),
    ...(session === undefined ? {} : { session }),
    ...(agent === undefined ? {} : { agent }),
  })
}
