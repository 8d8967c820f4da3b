import { execFileSync } from 'node:child_process'

/** Makes a named pipe: opened like a file, it would keep its reader waiting for ever. */
export function makePipe(path: string): void {
  execFileSync('sh', ['-c', 'mkfifo "$0"', path])
}
