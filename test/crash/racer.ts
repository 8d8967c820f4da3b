// Begins runs and takes them up, as it is told, while another such process does the same:
// node racer.ts MODULE ARGUMENT..., where MODULE exports `open(...arguments)`, a journal, and the
// first argument is the folder of it. Each line on its input is answered by one on its output:
// `waiting` and `open` by the id of a new run, which waits for people or has no end; the id of a
// run by how it ended, or the code of the error.
import { createInterface } from 'node:readline'
import { isSallyportError, type Journal } from 'sallyport'
import { payingRuntime } from './paying.ts'

const [module = '', folder = '', ...given] = process.argv.slice(2)
const { open } = (await import(module)) as {
  open(folder: string, ...given: readonly string[]): Journal
}
for await (const line of createInterface({ input: process.stdin })) {
  // opened anew each time, since some journals have one writer at a time
  const journal = open(folder, ...given)
  const answer = await (line.startsWith('run_') ? takeUp(line, journal) : begin(line, journal))
  await journal.close()
  process.stdout.write(`${answer}\n`)
}

async function takeUp(runId: string, journal: Journal): Promise<string> {
  try {
    const runtime = await payingRuntime(folder, journal)
    const { error, status } = await runtime.resume(runId).result()
    return error === undefined ? status : `${status} ${error.code}`
  } catch (error) {
    if (isSallyportError(error)) return error.code
    throw error
  }
}

/** A run that asks people, who have answered already. */
async function begin(state: string, journal: Journal): Promise<string> {
  const runtime = await payingRuntime(folder, state === 'open' ? endless(journal) : journal)
  const { approvals, runId } = await runtime.run({ input: 'pay' }).result()
  const answer = { id: approvals[0]!.id, action: 'approve', by: { subject: 'lena' } }
  await journal.leaveAnswer(runId, JSON.stringify(answer))
  return runId
}

/** A journal that loses the ends of runs, as if their process had died before. */
function endless(inner: Journal): Journal {
  return {
    ...inner,
    append: (runId, expectedSeq, records) =>
      inner.append(
        runId,
        expectedSeq,
        records.filter(({ line }) => !line.includes('"type":"end"')),
      ),
  }
}
