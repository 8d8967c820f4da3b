#!/usr/bin/env node
import { version } from '../base/version.ts'
import { processIo } from './io.ts'

const argv = process.argv.slice(2)
const io = processIo()
const code = await carryOut()
// a stream that failed has set a code, which counts for more
process.exitCode ??= code
// a tool that was left behind must not keep the process; what was written has to leave it
await Promise.all([process.stdout, process.stderr].map(drained))
process.exit()

/** Scripts ask for the version alone, which needs none of the commands. */
async function carryOut(): Promise<number> {
  const asksVersion = argv.length === 1 && ['--version', '-V'].includes(argv[0]!)
  if (!asksVersion) return (await import('./program.ts')).main(argv, io)
  io.out(`${version}\n`)
  return 0
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
