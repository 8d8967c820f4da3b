import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** A module of tools that mean harm, among others. */
export const hostileModule = join(import.meta.dirname, 'isolated/tools.ts')

const namespaces = ['--user', '--map-root-user', '--mount', '--pid', '--net', '--fork', 'true']

/** Whether this machine lets its users make namespaces; containers often do not. */
export const hasWalls = spawnSync('/usr/bin/unshare', namespaces).status === 0

/** The processes whose command line holds a text. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(text))
    .map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Waits until a condition holds, at most ten seconds; whether it does. */
export async function eventually(holds: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 500; tries++) {
    if (holds()) return true
    await setTimeout(20)
  }
  return holds()
}
