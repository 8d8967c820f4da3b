import { InvalidArgumentError, Option, type Command } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Io } from './io.ts'
import { optionHelp } from './option-help.ts'

/** Adds the commands that tell what a policy does before it runs. */
export function addAnalysisCommands(
  program: Command,
  io: Io,
  done: (code: ExitCode) => void,
): void {
  program
    .command('test')
    .description('run the tests of policies')
    .argument('<files...>', 'policy files and test files (*.test.yaml)')
    .option('--policy-keys <file>', optionHelp.keys)
    .option('--tools <file>', optionHelp.tools)
    .option('--run <pattern>', 'only tests with such names (RE2 syntax)')
    .option('--coverage', 'tell which parts of the policies no test reaches')
    .option('--mutate', 'change the policies in one place at a time: some test has to fail')
    .option('--threshold <percent>', 'least coverage and mutation score', percent)
    .option('--allow-empty', 'pass without any test')
    .option('--watch', 'run again after each change')
    .addOption(
      new Option('--format <name>', 'form').choices(['human', 'json', 'junit']).default('human'),
    )
    .option('--json', 'the same as --format json')
    .action(async (files: string[], options) => {
      const { test } = await import('./commands/test.ts')
      done(await test(files, options, io))
    })

  program
    .command('replay')
    .description('decide the calls of recorded traces, journals and reports again')
    .argument('<traces...>', 'traces as JSON lines (also .gz), journals, reports in JSON')
    .requiredOption('--policy <file>', optionHelp.policy)
    .option('--policy-keys <file>', optionHelp.keys)
    .option('--tools <file>', optionHelp.tools)
    .option('--as <json>', 'principal of the traces that name none')
    .option('--token <token>', 'the same, from a token ($SALLYPORT_TOKEN)')
    .option('--json', 'print a JSON line for each trace')
    .action(async (traces: string[], options) => {
      const { replay } = await import('./commands/replay.ts')
      done(await replay(traces, options, io))
    })

  program
    .command('explain')
    .description('tell why a call is decided as it is, and what would change that')
    .requiredOption('--policy <file>', optionHelp.policy)
    .option('--policy-keys <file>', optionHelp.keys)
    .option('--tools <file>', optionHelp.tools)
    .option('--tool <name>', 'tool of the call; else a line as decide reads it')
    .option('--args <json>', 'arguments of the call')
    .option('--as <json>', 'principal')
    .option('--token <token>', 'the same, from a token ($SALLYPORT_TOKEN)')
    .option('--journal <file>', 'record that holds the call: a journal, traces or a report')
    .option('--call <id>', 'id of the call in the record')
    .option('--json', 'print the explanation as JSON')
    .action(async (options) => {
      const { explain } = await import('./commands/explain.ts')
      done(await explain(options, io))
    })

  program
    .command('diff')
    .description('tell which calls two policies decide differently, newly allowed ones first')
    .argument('<old>', 'policy file')
    .argument('<new>', 'policy file')
    .option('--policy-keys <file>', optionHelp.keys)
    .option('--tools <file>', optionHelp.tools)
    .option('--log <files...>', 'recorded calls besides generated ones: traces, journals, reports')
    .option('--json', 'print the difference as JSON')
    .action(async (before: string, after: string, options) => {
      const { diff } = await import('./commands/diff.ts')
      done(await diff(before, after, options, io))
    })
}

function percent(text: string): number {
  if (!/^(100|[1-9]?[0-9])$/.test(text)) throw new InvalidArgumentError('give 0 to 100')
  return Number(text)
}
