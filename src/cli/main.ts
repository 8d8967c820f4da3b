#!/usr/bin/env node
import { processIo } from './io.ts'
import { main } from './program.ts'

const code = await main(process.argv.slice(2), processIo())
// a stream that failed has set a code, which counts for more
process.exitCode ??= code
// a tool that was left behind must not keep the process; what was written has to leave it
await Promise.all([process.stdout, process.stderr].map(drained))
process.exit()

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
