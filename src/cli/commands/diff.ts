import { callerOf } from '../../analysis/callers.ts'
import { diffPolicies, isNewlyAllowed } from '../../analysis/diff.ts'
import { differenceToJson, renderDifference } from '../../analysis/diff-report.ts'
import type { Replay } from '../../analysis/replay.ts'
import { clockAt } from '../../analysis/scenario.ts'
import { readAllTraces } from '../../analysis/trace.ts'
import { prepareRehearsals } from '../../gate/rehearsal.ts'
import type { Tool } from '../../tools/tool.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { loadTrusted, type KeyOptions } from '../policy.ts'
import { loadToolbox } from '../tools-file.ts'

export interface DiffOptions extends KeyOptions {
  readonly tools?: string
  readonly log?: readonly string[]
  readonly json?: boolean
}

/**
 * Tells which recorded and generated calls two policies decide differently; executes nothing. Exit
 * code 1 when something became allowed.
 */
export async function diff(
  before: string,
  after: string,
  options: DiffOptions,
  io: Io,
): Promise<ExitCode> {
  const tools = options.tools === undefined ? undefined : await loadToolbox(options.tools)
  // one moment for both: a rule must not differ from itself because time went by
  const now = Date.now()
  const sides = [before, after].map((path) => openSide(path, { tools, now, options, io }))
  const [was, is] = (await Promise.all(sides)) as [Replay, Replay]
  const difference = await diffPolicies(was, is, {
    ...(tools === undefined ? {} : { tools }),
    ...(options.log === undefined ? {} : { traces: readAllTraces(options.log) }),
  })
  const code = difference.changes.some(isNewlyAllowed) ? exitCode.negative : exitCode.done
  if (options.json === true) outJson(io, differenceToJson(difference, code), 2)
  else io.out(renderDifference(difference))
  return code
}

interface Opening {
  readonly tools: readonly Tool[] | undefined
  readonly now: number
  readonly options: KeyOptions
  readonly io: Io
}

async function openSide(path: string, { tools, now, options, io }: Opening): Promise<Replay> {
  const policy = (await loadTrusted(path, options, io)).compile(tools)
  const begin = await prepareRehearsals(policy, { tools: tools ?? [], clock: clockAt(now) })
  return { policy, begin, caller: callerOf({}, policy) }
}
