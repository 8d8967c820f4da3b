import { explain as explainQuestion } from '../../analysis/explain.ts'
import { explanationToJson, renderExplanation } from '../../analysis/explain-report.ts'
import {
  approachOfScenario,
  approachOfTrace,
  type Approach,
  type Question,
} from '../../analysis/question.ts'
import { readTraces, type Trace } from '../../analysis/trace.ts'
import { SallyportError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { compileFor } from '../../loading/text.ts'
import { readAsked } from '../asked.ts'
import { exitOfDecisions, type ExitCode } from '../exit.ts'
import { hiddenNote } from './replay.ts'
import { outJson, readInput, type Io } from '../io.ts'
import { openSubject, unknownToolHelp, type Subject, type SubjectOptions } from '../subject.ts'

export interface ExplainOptions extends SubjectOptions {
  readonly tool?: string
  readonly args?: string
  readonly journal?: string
  readonly call?: string
  readonly json?: boolean
}

interface Asked {
  readonly question: Question
  readonly approach: Approach
}

/**
 * Explains the decision about one call: of the options, of a line on standard input in the words
 * of `decide`, or of a record. Executes nothing. The exit code is that of the decision.
 */
export async function explain(options: ExplainOptions, io: Io): Promise<ExitCode> {
  const subject = await openSubject(options, io)
  const { question, approach } = await askedOf(options, subject, io)
  const { policy, begin, tools } = subject
  const explanation = await explainQuestion(question, {
    policy,
    begin,
    approach,
    tools,
    compile: (file) => compileFor(file, tools),
  })
  const { decision } = explanation
  const code = exitOfDecisions({ [decision.effect]: 1 })
  const help = unknownToolHelp(subject, question.tool, decision)
  if (help !== undefined) io.note(help)
  if (options.json === true) outJson(io, explanationToJson(explanation, code), 2)
  else io.out(renderExplanation(explanation))
  return code
}

async function askedOf(options: ExplainOptions, subject: Subject, io: Io): Promise<Asked> {
  const { tool, args, journal, call } = options
  if (journal !== undefined || call !== undefined) {
    if (journal === undefined || call === undefined || tool !== undefined) {
      throw wrongUse('`--journal` and `--call` go together, without `--tool`')
    }
    return recorded(journal, call, subject, io)
  }
  if (tool === undefined && args !== undefined) throw wrongUse('`--args` needs `--tool`')
  if (tool === undefined) return askedOfLine((await readInput(io)).trim(), subject)
  const given = parseJson(args ?? '{}')
  if (!given.ok) throw wrongUse(`\`--args\`: ${given.message}`)
  return askedOfLine(JSON.stringify({ tool, args: given.value }), subject)
}

function askedOfLine(line: string, { caller }: Subject): Asked {
  const asked = readAsked(line)
  if ('code' in asked) throw wrongUse(asked.message)
  const { principal = caller } = asked
  const { tool, args } = asked
  const scenario = { ...asked, principal }
  return { question: { tool, args, principal }, approach: approachOfScenario(scenario) }
}

async function recorded(path: string, id: string, { caller }: Subject, io: Io): Promise<Asked> {
  const found = await findCall(path, id)
  if (found === undefined) {
    throw new SallyportError('bad-option', `\`${path}\` holds no call \`${id}\``, {
      help: 'name a call by its id, or one of the last run by its number in the report, such as `2.0`',
    })
  }
  const { trace, index } = found
  const call = trace.calls[index]!
  if (call.args === null) {
    throw new SallyportError('bad-trace', `the record of \`${id}\` has no usable arguments`, {
      help: 'they did not parse, or were erased: ask about the call with `--tool` and `--args`',
    })
  }
  const hidden = trace.calls.slice(0, index + 1).filter((each) => each.hidden !== undefined).length
  if (hidden > 0) io.note(hiddenNote(path, hidden))
  const { principal = caller } = trace
  const question = { tool: call.name, args: call.args, principal }
  return { question, approach: approachOfTrace(trace, index) }
}

interface FoundCall {
  readonly trace: Trace
  readonly index: number
}

/** The call with this id, else the one with this number in the last run. */
async function findCall(path: string, wanted: string): Promise<FoundCall | undefined> {
  const number = /^(\d+)\.(\d+)$/.exec(wanted)
  let last: FoundCall | undefined
  for await (const trace of readTraces(path)) {
    const index = trace.calls.findIndex(({ id }) => id === wanted)
    if (index >= 0) return { trace, index }
    if (number === null) continue
    const id = `${trace.id}-${number[1]}-${number[2]}`
    const numbered = trace.calls.findIndex((call) => call.id === id)
    last = numbered < 0 ? undefined : { trace, index: numbered }
  }
  return last
}

function wrongUse(message: string): SallyportError {
  return new SallyportError('bad-option', message, {
    help: 'give `--tool` and `--args`, a line as `decide` reads it, or `--journal` and `--call`',
  })
}
