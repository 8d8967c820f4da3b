import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { stripVTControlCharacters } from 'node:util'
import {
  openaiCompatible,
  openrouter,
  sqliteJournal,
  type ApprovalAnswer,
  type ApprovalRequest,
  type Model,
} from 'sallyport'
import { renderTerminal } from 'sallyport/report'
import { createAgent } from './agent.ts'
import { folder } from './tools.ts'

const input = process.argv.slice(2).join(' ')
if (input === '') {
  console.error(`usage: npm start -- 'what is in my notes?'`)
  process.exit(2)
}

await mkdir(folder, { recursive: true })
const agent = await createAgent({
  model: modelOf(process.env),
  journal: sqliteJournal('.sallyport/journal.db'),
  approve: askAtTerminal,
})
const run = agent.run({ input })
for await (const event of run) {
  // what a model says could otherwise move the cursor
  if (event.type === 'text-delta') process.stdout.write(stripVTControlCharacters(event.text))
}
const { status, report } = await run.result()
process.stdout.write('\n')
console.error(renderTerminal(report))
process.exitCode = status === 'completed' ? 0 : status === 'needs-approval' ? 3 : 1

function modelOf(environment: NodeJS.ProcessEnv): Model {
  const baseUrl = environment['MODEL_URL']
  if (baseUrl !== undefined) {
    return openaiCompatible({ baseUrl, model: environment['MODEL'] ?? 'local' })
  }
  if (!environment['OPENROUTER_API_KEY']) {
    console.error('set OPENROUTER_API_KEY, or MODEL_URL for an endpoint of your own')
    process.exit(2)
  }
  return openrouter({ model: 'anthropic/claude-haiku-4.5' })
}

/** Without a terminal nobody answers, and the run waits. */
async function askAtTerminal(
  { tool, args, reasons }: ApprovalRequest,
  { signal }: { readonly signal: AbortSignal },
): Promise<ApprovalAnswer | undefined> {
  if (!process.stdin.isTTY) return undefined
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const question = `\n${reasons.join(' ')}\n${tool} ${plain(args)}\nyes or no? `
    const answer = await terminal.question(question, { signal })
    return { action: answer.trim() === 'yes' ? 'approve' : 'deny', by: { subject: 'terminal' } }
  } finally {
    terminal.close()
  }
}

/** JSON in which nothing is hidden from the person who reads it. */
function plain(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
