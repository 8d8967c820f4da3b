import { draftPolicy } from '../../analysis/draft.ts'
import { draftText } from '../../analysis/draft-text.ts'
import { observe } from '../../analysis/observed.ts'
import { starterPolicy } from '../../analysis/starter.ts'
import { readAllTraces } from '../../analysis/trace.ts'
import { policyAsJson } from '../../analysis/write-policy.ts'
import { SallyportError } from '../../base/errors.ts'
import { counted } from '../../base/text.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { writeNewText } from '../files.ts'
import type { Io } from '../io.ts'
import { loadToolbox } from '../tools-file.ts'

export interface InitOptions {
  readonly fromLog?: readonly string[]
  readonly tools?: string
  readonly output?: string
  readonly json?: boolean
}

/**
 * Prints a policy to begin with, as YAML or JSON, or the least that covers what logs show to have run.
 * Nothing is put in force, and a file that exists is not overwritten.
 */
export async function init(options: InitOptions, io: Io): Promise<ExitCode> {
  const { fromLog, tools, output, json } = options
  if (fromLog !== undefined && tools !== undefined) {
    throw new SallyportError('bad-option', '`--from-log` and `--tools` do not go together', {
      help: 'a draft from logs is about the tools that were called',
    })
  }
  const written = fromLog === undefined ? await starter(tools) : await fromLogs(fromLog, io)
  const text = json === true ? policyAsJson(written) : written
  if (output === undefined) io.out(text)
  else await writeNewText(output, text)
  return exitCode.done
}

async function starter(tools: string | undefined): Promise<string> {
  return starterPolicy(tools === undefined ? undefined : await loadToolbox(tools))
}

async function fromLogs(paths: readonly string[], io: Io): Promise<string> {
  const observations = await observe(readAllTraces(paths))
  const draft = draftPolicy('observed', observations)
  const { calls, traces, skipped } = observations
  const read = `${counted(traces, 'trace')}, ${counted(calls.length + skipped, 'call')}`
  io.note(`${read}: ${counted(draft.rules.length, 'rule')}\n`)
  const { conflicts, inexpressible } = draft
  if (skipped > 0) io.note(`${skipped} calls teach nothing: no decision, or arguments unknown\n`)
  if (conflicts.length > 0)
    io.note(`${conflicts.length} calls are decided otherwise than recorded\n`)
  if (inexpressible.length > 0)
    io.note(`${inexpressible.length} calls fit no rule: see the draft\n`)
  return draftText(draft, observations)
}
