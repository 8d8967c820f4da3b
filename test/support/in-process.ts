import type { Io } from '../../src/cli/io.ts'
import { main } from '../../src/cli/program.ts'

export interface Said {
  readonly code: number
  readonly out: string
  readonly notes: string
}

/**
 * A command in this process, with `input` on standard input and no other environment. The reader of
 * its output goes away once there have been so many `pieces`.
 */
export async function inProcess(
  args: readonly string[],
  input = '',
  environment: Io['environment'] = {},
  pieces = Infinity,
): Promise<Said> {
  const said = { out: '', notes: '' }
  let left = pieces
  const io: Io = {
    out(text) {
      said.out += text
      left--
    },
    note: (text) => void (said.notes += text),
    input: (async function* () {
      if (input !== '') yield input
    })(),
    environment,
    get outIsClosed() {
      return left <= 0
    },
    drained: async () => undefined,
    outIsTerminal: false,
    errorIsTerminal: false,
    color: false,
    columns: 80,
    onInterrupt: () => () => undefined,
    onTerminate: () => () => undefined,
    dropTyped: () => undefined,
  }
  const code = await main([...args], io)
  return { code, ...said }
}
