import { spawn } from 'node:child_process'
import { parseDuration } from '../../base/duration.ts'
import { SallyportError } from '../../base/errors.ts'
import { after } from '../../base/signal.ts'
import { exchangeCode, startLogin, validateCallback } from '../../model/oauth.ts'
import { endpointUrl } from '../../wire/endpoint.ts'
import { maskedKey } from '../../wire/secrets.ts'
import { openCallbackServer } from '../callback-server.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, printable, type Io } from '../io.ts'
import { needKeyFile, readKeys, writeKeys } from '../key-file.ts'

export interface LoginCommandOptions {
  readonly baseUrl: string
  readonly keyFile?: string
  readonly timeout: string
  readonly open?: boolean
  readonly json?: boolean
}

/**
 * Gets a key from an account by a login in a browser, and keeps it in the key file. With `--json`
 * the first line on standard output is `{"url"}`, the last one `{"baseUrl", "keyFile", "key"}` with
 * the key as it may be shown.
 */
export async function login(options: LoginCommandOptions, io: Io): Promise<ExitCode> {
  const { baseUrl } = options
  const { origin } = endpointUrl(baseUrl, '')
  const keyFile = needKeyFile(options.keyFile, io)
  // before somebody goes through a login whose key could not be kept
  await readKeys(keyFile)
  const key = await keyFromBrowser(options, io)
  const keys = (await readKeys(keyFile)) ?? new Map<string, string>()
  const replaced = keys.has(origin)
  await writeKeys(keyFile, keys.set(origin, key))
  const shown = maskedKey(key)
  if (options.json === true) outJson(io, { baseUrl, keyFile, key: shown })
  io.note(printable(`logged in: the key ${shown} for ${origin} is in ${keyFile}\n`))
  if (replaced) io.note('the key that was there before stays valid until you revoke it\n')
  return exitCode.done
}

async function keyFromBrowser(options: LoginCommandOptions, io: Io): Promise<string> {
  const stop = new AbortController()
  const { signal } = stop
  const cancelTimeout = after(timeoutMs(options), () => stop.abort(late(options)))
  const release = io.onInterrupt(() => stop.abort(interrupted()))
  const server = await openCallbackServer()
  try {
    const { baseUrl } = options
    const { url, state } = startLogin({
      callbackUrl: server.callbackUrl,
      authUrl: new URL('/auth', baseUrl).href,
    })
    announce(url, options, io)
    return await server.answer(async (callback) => {
      const code = validateCallback(callback, state)
      return exchangeCode({ code, login: state, baseUrl }, { signal })
    }, signal)
  } finally {
    cancelTimeout()
    release()
    await server.close()
  }
}

function timeoutMs({ timeout }: LoginCommandOptions): number {
  const milliseconds = parseDuration(timeout)
  if (milliseconds <= 600_000) return milliseconds
  throw new SallyportError('bad-option', 'a login has 10 minutes at most', {
    help: 'give `--timeout` a duration up to `10m`',
  })
}

function late({ timeout }: LoginCommandOptions): SallyportError {
  return new SallyportError('login-expired', `nobody logged in within ${timeout}`, {
    help: 'run the command again and open the address in a browser on this machine',
  })
}

function interrupted(): SallyportError {
  return new SallyportError('cancelled', 'the login was interrupted')
}

function announce(url: string, { json, open }: LoginCommandOptions, io: Io): void {
  if (json === true) outJson(io, { url })
  io.note(`open this address in a browser on this machine to log in:\n\n  ${printable(url)}\n\n`)
  if (open === true) openBrowser(url, () => io.note('no browser could be opened\n'))
}

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** The address begins with a scheme, so no program takes it for an option; no shell sees it. */
function openBrowser(url: string, failed: () => void): void {
  const [program, ...first] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...first, url], { stdio: 'ignore', detached: true })
  child.on('error', failed)
  child.unref()
}
