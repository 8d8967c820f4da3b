import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Stripped and compiled sources, by their content: halves what starting a process costs. */
const compiled = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url))

export interface CliOptions {
  readonly cwd: string
  /** Written to standard input, which then ends. Default: nothing. */
  readonly input?: string | Uint8Array
  readonly environment?: Readonly<Record<string, string>>
  /** What bash does to start it, such as `exec "$@" > /dev/full`. Default: it is started as it is. */
  readonly shell?: string
}

export interface CliOutcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** Standard output, one JSON value for each line. */
  lines(): readonly Record<string, unknown>[]
}

/** Starts the command line from source, with nothing of this process in its environment. */
export function startCli(
  args: readonly string[],
  { cwd, environment = {}, shell }: CliOptions,
): ChildProcessWithoutNullStreams {
  const node = [process.execPath, '--conditions=sallyport-source', main, ...args]
  const [command, ...rest] =
    shell === undefined ? node : ['/bin/bash', '-c', shell, 'bash', ...node]
  return spawn(command!, rest, {
    cwd,
    env: { PATH: '', HOME: cwd, NODE_COMPILE_CACHE: compiled, ...environment },
  })
}

export async function cli(args: readonly string[], options: CliOptions): Promise<CliOutcome> {
  const child = startCli(args, options)
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended(child)])
  return {
    code: child.exitCode,
    out,
    err,
    lines: () =>
      out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
}

export async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) text += String(chunk)
  return text
}
