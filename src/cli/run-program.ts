import { Option, type Command } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Io } from './io.ts'
import { optionHelp } from './option-help.ts'
import { wholeNumber } from './option-values.ts'

/** Adds the commands that carry runs, and those that answer what runs ask. */
export function addRunCommands(program: Command, io: Io, done: (code: ExitCode) => void): void {
  carrying(program.command('run').description('run an agent under a policy'))
    .argument('[prompt]', 'what the user says; else standard input')
    .option('--token <token>', 'JSON Web Token or API key of the caller ($SALLYPORT_TOKEN)')
    .option('--session <id>', 'conversation the run belongs to')
    .option('--instructions <text>', 'system message')
    .action(async (prompt: string | undefined, options) => {
      const { run } = await import('./commands/run.ts')
      done(await run(prompt, options, io))
    })

  carrying(program.command('resume').description('carry a run on that waits, failed or was killed'))
    .argument('<run>', 'id of the run')
    .option('--token <token>', 'who answers and resolves ($SALLYPORT_TOKEN)')
    .option('--approve <ids...>', 'say yes to these requests')
    .option('--deny <ids...>', 'say no to these requests')
    .option('--resolve <call=outcome...>', 'how calls in doubt ended: success, failed or retry')
    .option(
      '--revoke <ids...>',
      'forget what was to be remembered of the answers to these requests',
    )
    .option('--take-over', 'also from a process that may still be carrying it')
    .option('--accept-tool <names...>', 'tools that may have changed since the run began')
    .action(async (runId: string, options) => {
      const { resume } = await import('./commands/resume.ts')
      done(await resume(runId, options, io))
    })

  program
    .command('approvals')
    .description('list what waits for people, and calls of which nobody knows how they ended')
    .option('--journal <file>', 'journal', optionHelp.usualJournal)
    .option('--run <id>', 'only of this run')
    .option('--json', 'print a JSON line for each')
    .action(async (options) => {
      const { approvals } = await import('./commands/approvals.ts')
      done(await approvals(options, io))
    })

  for (const action of ['approve', 'deny'] as const) {
    const command = program
      .command(action)
      .description(`leave ${action === 'approve' ? 'a yes' : 'a no'} for a run that waits`)
      .argument('<id>', 'id of the request, as `approvals` lists it')
      .option('--journal <file>', 'journal', optionHelp.usualJournal)
      .option('--policy <file>', 'policy that tells who answers, by --token')
      .option('--policy-keys <file>', optionHelp.keys)
      .option('--token <token>', 'JSON Web Token or API key of who answers ($SALLYPORT_TOKEN)')
      .option('--reason <text>', 'for the record and the model')
      .option('--json', 'print the answer as JSON')
    if (action === 'approve') {
      command.option('--args <json>', 'approve with these arguments instead')
      command.option('--remember', 'also equal calls of this run, where the policy permits it')
    }
    command.action(async (id: string, options) => {
      const { answer } = await import('./commands/answer.ts')
      done(await answer({ id, action }, options, io))
    })
  }
}

/** The options of every command that carries a run. */
function carrying(command: Command): Command {
  return command
    .requiredOption('--policy <file>', optionHelp.policy)
    .option('--policy-keys <file>', optionHelp.keys)
    .option('--tools <module>', 'module whose default export is a list of tools')
    .option('--model <name>', 'model, as the provider calls it ($SALLYPORT_MODEL)')
    .option('--base-url <url>', 'endpoint, ending in /v1; for anthropic the part before it')
    .addOption(
      new Option('--wire <name>', 'wire protocol')
        .choices(['chat', 'responses', 'anthropic'])
        .default('chat'),
    )
    .option('--key-file <file>', optionHelp.keyFile)
    .option('--max-turns <number>', 'model requests at most', wholeNumber)
    .option('--report <file>', 'write report.json')
    .option('--html <file>', 'write the HTML report')
    .option('--journal <file>', 'journal', optionHelp.usualJournal)
    .option('--signing-key <file>', optionHelp.signingKey)
    .option('--anchor <file>', 'append each signed checkpoint to this file too')
    .option(
      '--secrets-from-env <names...>',
      'values that policies find as `secrets`, and that are in no output, also encoded',
    )
    .option('--events', 'print events as JSON lines instead of the answer')
    .option('--json', 'print the result as JSON instead of the answer')
}
