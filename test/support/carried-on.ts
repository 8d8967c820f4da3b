import type { JournalRecord } from '../../src/journal/journal.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../src/loading/file.ts'
import { verifyChain } from '../../src/report/verify.ts'
import type { ResumeOptions } from '../../src/resume-options.ts'
import type { RunResult } from '../../src/runtime-options.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import type { StructuralEvent } from '../../src/protocol/run-event.ts'
import type { ScriptedStep } from '../../src/testing/scripted.ts'
import type { ToolDefinition } from '../../src/tools/tool.ts'
import { agentOf, allowing, toolOf } from './agent.ts'

export interface CarriedOn {
  readonly callId: string
  readonly result: RunResult
  /** What the tool did after the crash. */
  readonly done: readonly string[]
  readonly verdict: string
  /** Resumes the run once more, under the policy that it had first. */
  again(options: ResumeOptions): Promise<CarriedOn>
  /** Begins another run in the same process, which calls the tool once. */
  next(): Promise<RunResult>
}

/** Calls the tool once. */
const step: ScriptedStep = ({ messages }: ModelRequest) =>
  messages.some(({ role }) => role === 'assistant')
    ? { text: 'done' }
    : { calls: [{ tool: 'pay', args: { sum: 5, card: '4111' } }] }

/**
 * A run that died while its tool `pay` was at work, or behind the first record of another type,
 * carried on under another policy.
 */
export async function carriedOn(
  fields: Partial<ToolDefinition>,
  later: LoadedPolicy = allowing('pay'),
  optionsFor: (callId: string) => ResumeOptions = () => ({}),
  {
    first: policy = allowing('pay'),
    lastType = 'execution-start',
  }: {
    /** The policy of before. */
    readonly first?: LoadedPolicy
    readonly lastType?: StructuralEvent['type']
  } = {},
): Promise<CarriedOn> {
  const journal = memoryJournal()
  const first = agentOf([step, step], {
    tools: [toolOf('pay', fields)],
    policy,
    journal,
  })
  const { report, runId } = await first.start().result()
  const records: JournalRecord[] = []
  for await (const record of journal.read(runId)) records.push(record)
  const started = records.findIndex(({ line }) => line.includes(`"type":"${lastType}"`))
  const cut = memoryJournal()
  await cut.append(runId, 0, records.slice(0, started + 1))
  const { callId } = report.rows[0]!
  const again: CarriedOn['again'] = (options) => carry(policy, options)
  const carry = async (current: LoadedPolicy, options: ResumeOptions): Promise<CarriedOn> => {
    const done: string[] = []
    const execute = (): string => {
      done.push('execute')
      return 'paid again'
    }
    const tool = toolOf('pay', { ...fields, execute })
    const { runtime, start } = agentOf([step, step], {
      tools: [tool],
      policy: current,
      journal: cut,
    })
    const result = await runtime.resume(runId, options).result()
    const { verdict } = await verifyChain(cut.read(runId))
    return { callId, result, done, verdict, again, next: () => start().result() }
  }
  return carry(later, optionsFor(callId))
}
