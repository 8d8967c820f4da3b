import type { Command } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Io } from './io.ts'
import { optionHelp } from './option-help.ts'

const openrouterUrl = 'https://openrouter.ai/api/v1'

/** Adds the commands about the account that models are paid from. */
export function addAccountCommands(program: Command, io: Io, done: (code: ExitCode) => void): void {
  program
    .command('login')
    .description('get a key from an account at OpenRouter by logging in with a browser')
    .option('--base-url <url>', 'account, as a base URL of models', openrouterUrl)
    .option('--key-file <file>', optionHelp.keyFile)
    .option('--timeout <duration>', 'time for the login, at most 10m', '10m')
    .option('--open', 'open the browser')
    .option('--json', 'print the address and the result as JSON lines')
    .action(async (options) => {
      const { login } = await import('./commands/login.ts')
      done(await login(options, io))
    })

  program
    .command('logout')
    .description('forget the key of a login')
    .option('--base-url <url>', 'account, as a base URL of models', openrouterUrl)
    .option('--key-file <file>', optionHelp.keyFile)
    .option('--json', 'print the result as JSON')
    .action(async (options) => {
      const { logout } = await import('./commands/logout.ts')
      done(await logout(options, io))
    })
}
