import { Command, CommanderError, Option, type OutputConfiguration } from 'commander'
import { isSallyportError, messageOf, type SallyportError } from '../base/errors.ts'
import { version } from '../base/version.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import { addAccountCommands } from './account-program.ts'
import { addAnalysisCommands } from './analysis-program.ts'
import { addLogCommands } from './log-program.ts'
import { addRunCommands } from './run-program.ts'
import { exitCode, exitOfError, type ExitCode } from './exit.ts'
import { noteError, printable, type Io } from './io.ts'
import { nodeWarning } from './node-version.ts'
import { optionHelp } from './option-help.ts'
import { wholeNumber } from './option-values.ts'

const exitHelp = `
Exit codes:
  0    done, allowed, passed
  1    the answer is negative: denied, limit reached, invalid policy, altered journal
  2    wrong usage
  3    a person has to answer
  4    could not be determined: timeout, damaged journal, internal error
  5    the model endpoint failed
  130  interrupted
`

/** Runs the command line; returns the exit code and never throws. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = exitCode.done
  const program = buildProgram(io, (result) => {
    code = result
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCode.done : exitCode.usage
    if (isSallyportError(error)) {
      if (!(await noteFindings(io, error))) noteError(io, error.toJSON())
      return exitOfError(error.code)
    }
    noteError(io, { code: 'internal', message: messageOf(error) })
    return exitCode.undetermined
  }
}

/**
 * Prints all that is wrong with a policy, with places; the error itself only repeats the first.
 * False when the error holds no findings.
 */
async function noteFindings(io: Io, { code, details }: SallyportError): Promise<boolean> {
  if (code !== 'bad-policy' || !Array.isArray(details) || details.length === 0) return false
  const { formatDiagnostic } = await import('../policy/diagnostic.ts')
  const findings = details as unknown as readonly Diagnostic[]
  io.note(`${findings.map((finding) => formatDiagnostic(finding)).join('\n\n')}\n`)
  return true
}

/** Errors repeat the words of a command, which may have come from elsewhere. */
function outputOf(io: Io): OutputConfiguration {
  return {
    writeOut: io.out,
    writeErr: io.note,
    outputError: (text, write) => write(printable(text)),
  }
}

/** The commands; each loads its own code only when it runs. */
function buildProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command('sallyport')
    .description('Runs tool-using agents behind a policy gate, and shows what a policy decides.')
    .version(version)
    .exitOverride()
    .configureOutput(outputOf(io))
    .showHelpAfterError('(see --help)')
    .addHelpText('after', exitHelp)
    .hook('preAction', () => io.note(nodeWarning(process.versions.node)))

  addRunCommands(program, io, done)

  program
    .command('check')
    .description('find everything that is wrong with policy files')
    .argument('<files...>', 'policy files')
    .option('--policy-keys <file>', optionHelp.keys)
    .option('--tools <file>', 'tools module or schemas.json to hold rules and arguments against')
    .option('--strict', 'warnings fail too')
    .addOption(
      new Option('--format <name>', 'form of the findings')
        .choices(['human', 'compact', 'json', 'github', 'sarif'])
        .default('human'),
    )
    .option('--json', 'the same as --format json')
    .action(async (files: string[], options) => {
      const { check } = await import('./commands/check.ts')
      done(await check(files, options, io))
    })

  program
    .command('convert')
    .description('turn a SecurityConfig of the older kits into a policy')
    .argument('<file>', 'the configuration as JSON')
    .option('--tools <file>', 'tools module or schemas.json, for rules about arguments')
    .option('--issuer <url>', 'issuer of the tokens')
    .option('--audience <name>', 'audience of the tokens')
    .option('-o, --output <file>', optionHelp.newFile)
    .option('--json', 'the policy as JSON, without comments')
    .action(async (file: string, options) => {
      const { convert } = await import('./commands/convert.ts')
      done(await convert(file, options, io))
    })

  program
    .command('fmt')
    .description('bring policy files into canonical form; comments stay')
    .argument('[files...]', 'policy files; else standard input to standard output')
    .option('--check', 'write nothing; fail when a file would change')
    .option('--json', 'print which files changed as JSON')
    .action(async (files: string[], options) => {
      const { fmt } = await import('./commands/fmt.ts')
      done(await fmt(files, options, io))
    })

  program
    .command('init')
    .description('print a policy to begin with')
    .option('--from-log <files...>', 'journals, reports or traces: the least that covers what ran')
    .option('--tools <file>', 'tools module or schemas.json to begin with')
    .option('-o, --output <file>', optionHelp.newFile)
    .option('--json', 'the policy as JSON, without comments')
    .action(async (options) => {
      const { init } = await import('./commands/init.ts')
      done(await init(options, io))
    })

  program
    .command('decide')
    .description('decide calls given as JSON lines on standard input')
    .requiredOption('--policy <file>', optionHelp.policy)
    .option('--policy-keys <file>', optionHelp.keys)
    .option('--tools <file>', optionHelp.tools)
    .option('--token <token>', 'caller of the lines that name no principal ($SALLYPORT_TOKEN)')
    .option('--json', 'accepted for symmetry: the output always is JSON lines')
    .action(async (options) => {
      const { decide } = await import('./commands/decide.ts')
      done(await decide(options, io))
    })

  program
    .command('sign')
    .description('sign a policy with everything it extends')
    .argument('<file>', 'policy file')
    .requiredOption('--key <file>', 'private key: a JSON Web Key for Ed25519 or P-256 with a kid')
    .option('-o, --output <file>', 'signature; else the name of the policy with .sig behind')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options) => {
      const { sign } = await import('./commands/sign.ts')
      done(await sign(file, options, io))
    })

  program
    .command('report')
    .description('render the report of a run')
    .argument('<journal>', 'journal file, a report.json, or a folder of them')
    .option('--run <id>', 'run; else the latest')
    .option('--index', 'all runs of the journal at a glance, as of a folder')
    .option('--pages', 'with an overview as a page: write the page of each run beside it')
    .addOption(
      new Option('--format <name>', 'form')
        .choices(['terminal', 'json', 'html', 'markdown', 'sarif', 'junit', 'csv'])
        .default('terminal'),
    )
    .option('--policy <file>', 'policy of the run: a page shows its rules, and which never applied')
    .option('--policy-keys <file>', optionHelp.keys)
    .option(
      '--redact <what...>',
      'take out of arguments: JSON pointers such as /card, names of members, re:PATTERN in any text',
    )
    .option('--secrets-from-env <names...>', 'take out what these variables hold, also encoded')
    .option('--split', 'put style, script and data of a page into files beside it')
    .option('--call <id>', 'with --proof: the call, by id or number such as 2.0')
    .option('--proof', 'print what proves the records of one call to an outsider')
    .option('--bom', 'begin CSV with a byte order mark, for spreadsheets')
    .option('-o, --output <file>', 'write to a file instead of standard output')
    .action(async (journal: string, options) => {
      const { report } = await import('./commands/report.ts')
      done(await report(journal, options, io))
    })

  program
    .command('verify')
    .description('tell whether the record of runs is untouched, and what that proves')
    .argument('[journal]', 'journal file')
    .option('--run <id>', 'only this run')
    .option('--key <file>', 'public keys that are trusted (JSON Web Keys); checks signatures')
    .option('--head <digest>', 'head of the run as it was kept elsewhere')
    .option('--anchor <file>', 'checkpoints that were kept elsewhere, one a line')
    .option('--allow-tail <number>', 'records that may follow what is attested', wholeNumber)
    .option('--allow-unsigned', 'accept runs without any checkpoint')
    .option('--allow-removed <age>', 'runs that began longer ago, such as 400d, may be missing')
    .option('--expect-final', 'the last record has to be signed as the end')
    .option('--proof <file>', 'instead of a journal: the proof of a call, as `report` makes it')
    .option('--json', 'print a JSON line for each run')
    .action(async (journal: string | undefined, options) => {
      const { verify } = await import('./commands/verify.ts')
      done(await verify(journal, options, io))
    })

  program
    .command('codes')
    .description('tell what an error or finding means, and what to do')
    .argument('[code]', 'such as bad-args; else all of them')
    .option('--json', 'print as JSON')
    .action(async (code: string | undefined, options) => {
      const { codes } = await import('./commands/codes.ts')
      done(codes(code, options, io))
    })

  program
    .command('schema')
    .description('print a JSON Schema')
    .argument(
      '<name>',
      'policy, report, overview, found-call, event, record, snapshot, approval or trace',
    )
    .option('--json', 'accepted for symmetry: the output always is JSON')
    .action(async (name: string) => {
      const { schema } = await import('./commands/schema.ts')
      done(await schema(name, io))
    })

  addLogCommands(program, io, done)
  addAnalysisCommands(program, io, done)
  addAccountCommands(program, io, done)

  // commands inherit nothing of the program by themselves
  for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
    command.exitOverride().configureOutput(outputOf(io))
  }
  return program
}
