// Leaves answers to questions of runs, one after the other: node answer.ts FOLDER KIND RUN=REQUEST...
import { open as openIn, type FileKind } from './journals.ts'
import { yesTo } from './yes.ts'

const [folder = '.', kind = 'sqlite', ...questions] = process.argv.slice(2)
const journal = openIn(folder, kind as FileKind)
for (const question of questions) {
  const [runId = '', id = ''] = question.split('=')
  process.stdout.write('.')
  await journal.leaveAnswer(runId, yesTo(id))
}
await journal.close()
