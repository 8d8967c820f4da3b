import type { Command } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Io } from './io.ts'
import { optionHelp } from './option-help.ts'

/** Adds the commands that look after a journal itself. */
export function addLogCommands(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const log = program.command('log').description('look after a journal')

  log
    .command('erase')
    .description('erase what was said in a run, or the whole run; `verify` tells that it is gone')
    .argument('<run>', 'id of the run')
    .option('--journal <file>', 'journal', optionHelp.usualJournal)
    .option('--whole', 'its records too, not only messages, arguments, results and answers')
    .option('--unfinished', 'also where the run could go on, which it cannot afterwards')
    .option('--json', 'print what was erased as JSON')
    .action(async (runId: string, options) => {
      const { logErase } = await import('./commands/log-erase.ts')
      done(await logErase(runId, options, io))
    })
}
