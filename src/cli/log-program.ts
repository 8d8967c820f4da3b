import { Option, type Command } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Io } from './io.ts'
import { optionHelp } from './option-help.ts'
import { wholeNumber } from './option-values.ts'

/** Adds the commands that look into a journal, and after it. */
export function addLogCommands(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const log = program.command('log').description('look into a journal, and after it')

  log
    .command('erase')
    .description(
      'erase what was said in a run and those of its agents, or the whole runs; `verify` tells that it is gone',
    )
    .argument('<run>', 'id of the run')
    .option('--journal <file>', 'journal', optionHelp.usualJournal)
    .option('--whole', 'its records too, not only messages, arguments, results and answers')
    .option('--unfinished', 'also where the run could go on, which it cannot afterwards')
    .option('--json', 'print what was erased as JSON')
    .action(async (runId: string, options) => {
      const { logErase } = await import('./commands/log-erase.ts')
      done(await logErase(runId, options, io))
    })

  log
    .command('search')
    .description('list calls of all runs, or of one')
    .option('--journal <file>', 'journal', optionHelp.usualJournal)
    .option('--run <id>', 'only of this run')
    .option('--tool <glob>', 'name of the tool: * is one segment, ** any')
    .option('--rule <id>', 'the rule that decided')
    .option('--principal <subject>', 'whom the run acted for')
    .option('--status <name>', 'such as success, error-security or timeout')
    .addOption(new Option('--effect <name>', 'decision').choices(['allow', 'ask', 'deny', 'none']))
    .option('--text <words>', 'text in arguments, reasons or errors; case makes no difference')
    .option('--since <time>', 'proposed at this time or later (RFC 3339 or a date)')
    .option('--until <time>', 'proposed before this time')
    .option('--limit <number>', 'calls at most', wholeNumber, 1000)
    .option('--redact <what...>', 'take out of what is shown, as with `report`')
    .option('--secrets-from-env <names...>', 'take out what these variables hold, also encoded')
    .option('--json', 'print a JSON line for each call')
    .action(async (options) => {
      const { searchLog } = await import('./commands/log-search.ts')
      done(await searchLog(options, io))
    })

  log
    .command('stats')
    .description('sum model calls, tokens and cost, by model and over time')
    .option('--journal <file>', 'journal', optionHelp.usualJournal)
    .option('--run <id>', 'only of this run')
    .option('--model <names...>', 'only these models')
    .addOption(
      new Option('--by <unit>', 'length of a span of time, UTC')
        .choices(['minute', 'hour', 'day'])
        .default('day'),
    )
    .option('--since <time>', 'answered at this time or later (RFC 3339 or a date)')
    .option('--until <time>', 'answered before this time')
    .option('--json', 'print as JSON')
    .action(async (options) => {
      const { logStatistics } = await import('./commands/log-stats.ts')
      done(await logStatistics(options, io))
    })

  log
    .command('prune')
    .description('erase what was said in old runs, or remove them; keeps a list of what went')
    .option('--journal <file>', 'journal', optionHelp.usualJournal)
    .option('--payloads-older-than <duration>', 'erase messages, arguments and results, as in 30d')
    .option('--runs-older-than <duration>', 'remove whole runs, as in 400d')
    .option(
      '--signing-key <file>',
      'private JSON Web Key to sign the list with ($SALLYPORT_SIGNING_KEY)',
    )
    .option('--json', 'print as JSON')
    .action(async (options) => {
      const { pruneLog } = await import('./commands/log-prune.ts')
      done(await pruneLog(options, io))
    })
}
