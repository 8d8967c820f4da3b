import { decideScenario } from '../../analysis/scenario.ts'
import { SallyportError } from '../../base/errors.ts'
import { denial } from '../../gate/refusal.ts'
import { readAsked } from '../asked.ts'
import { exitCode, exitOfDecisions, type ExitCode } from '../exit.ts'
import { inputLines, noteError, outJson, type Io } from '../io.ts'
import { openSubject, unknownToolHelp, type SubjectOptions } from '../subject.ts'

/**
 * Decides one call for each line of standard input and prints one decision for each. Every line
 * stands for itself: limits count only the calls its `given` names. Nothing is executed. A line
 * that cannot be read is denied, and the exit code says that something was wrong with the input.
 */
export async function decide(options: SubjectOptions, io: Io): Promise<ExitCode> {
  const subject = await openSubject(options, io)
  const { policy, caller, begin } = subject
  const helps = new Set<string>()
  const counts = { allow: 0, ask: 0, deny: 0 }
  let malformed = false
  let number = 0
  let asks = 0
  for await (const line of inputLines(io)) {
    if (io.outIsClosed) break
    number++
    if (line.trim() === '') continue
    asks++
    const asked = readAsked(line)
    if ('code' in asked) {
      noteError(io, { ...asked, message: `line ${number}: ${asked.message}` })
      malformed = true
      const at = new Date().toISOString()
      outJson(io, denial(policy, 'bad_json', asked.message, at))
      continue
    }
    const { principal = caller } = asked
    const decision = await decideScenario(begin, { ...asked, principal })
    outJson(io, decision)
    const help = unknownToolHelp(subject, asked.tool, decision)
    if (help !== undefined && !helps.has(help)) {
      helps.add(help)
      io.note(`line ${number}:\n${help}`)
    }
    counts[decision.effect]++
  }
  if (asks === 0 && !io.outIsClosed) {
    throw new SallyportError('bad-option', 'there is no call on standard input', {
      help: 'write one to a line, such as `{"tool": "read_file", "args": {"path": "a.txt"}}`',
    })
  }
  return malformed ? exitCode.usage : exitOfDecisions(counts)
}
