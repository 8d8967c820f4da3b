import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { randomHex } from '../base/ids.ts'
import { SallyportError } from '../base/errors.ts'
import { isAlive } from '../base/process.ts'
import { shorten } from '../base/text.ts'
import { isMissing } from '../base/file-failure.ts'

/** A process that is about to end gets a quarter of a second to give its lock back. */
const usualWaitMs = 250
const pauseMs = 50

/** How many processes in a row may have died while they took over the lock of the one before. */
const maxDied = 16

/**
 * Takes a lock file and returns what gives it back. The lock appears with its content in one step
 * (a link to a file that is already written), so nobody sees an empty one. The lock of a process
 * that has died is taken over by one newcomer at a time, who holds `<file>.takeover` meanwhile;
 * that is a lock like the first, which is taken over in the same way from who died holding it.
 * Throws `bad-journal` when the lock is held, and still is after a while.
 */
export async function takeLock(
  file: string,
  waitMs: number = usualWaitMs,
): Promise<() => Promise<void>> {
  const start = await processStart(process.pid)
  const own = `${[process.pid, randomHex(), ...(start === undefined ? [] : [start])].join(' ')}\n`
  const prepared = `${file}.${randomHex()}`
  await writeFile(prepared, own, { flag: 'wx', mode: 0o600 })
  try {
    for (let left = waitMs / pauseMs; !(await linked(prepared, file)); left--) {
      try {
        await takeOver(prepared, file, maxDied)
        break
      } catch (error) {
        if (left <= 0) throw error
        await setTimeout(pauseMs)
      }
    }
  } finally {
    await rm(prepared, { force: true })
  }
  return () => giveBack(file, own)
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function takeOver(prepared: string, file: string, depth: number): Promise<void> {
  const takeover = `${file}.takeover`
  if (!(await linked(prepared, takeover))) {
    if (depth === 0) throw held(takeover, 'many processes died while they took it over')
    await takeOver(prepared, takeover, depth - 1)
  }
  try {
    // read while nobody else may remove it: what is dead now stays dead until it is removed here
    const holder = await holderOf(file)
    if (holder !== undefined) {
      if (await isAtWork(holder)) throw held(file, `${nameOf(holder)} has it`)
      await rm(file, { force: true })
    }
    // where it was given back meanwhile, it may be somebody else's again: then it is left alone
    if (!(await linked(prepared, file))) throw held(file, 'another process was faster')
  } finally {
    await rm(takeover, { force: true })
  }
}

interface Holder {
  readonly pid: number
  /** When it began, as `processStart` tells it. */
  readonly start: string | undefined
}

/** Ids of processes are used again, in a container that was restarted at once. */
async function isAtWork({ pid, start }: Holder): Promise<boolean> {
  // of the processes of another machine or container nobody here can tell
  if (start !== undefined && machineOf(start) !== hostname()) return true
  return isAlive(pid) && (start === undefined || !(await isReplaced(pid, start)))
}

function machineOf(start: string): string {
  return start.split(' ')[0]!
}

function nameOf({ pid, start }: Holder): string {
  if (start === undefined || machineOf(start) === hostname()) return `process ${pid}`
  return `process ${pid} on \`${shorten(machineOf(start), 100)}\``
}

/** The process a lock names; undefined when the lock is gone. An unreadable lock counts as held. */
async function holderOf(file: string): Promise<Holder | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  const [, pid, start] = /^([1-9][0-9]*)\b(?: [0-9a-f]+ (\S+ \S+)\n$)?/.exec(text) ?? []
  if (pid === undefined) throw held(file, 'its lock names no process')
  return { pid: Number(pid), start }
}

/** Removes the lock unless it has become somebody else's. */
async function giveBack(file: string, own: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === own) await rm(file, { force: true })
}

function held(file: string, why: string): SallyportError {
  return new SallyportError('bad-journal', `the journal is in use: ${why}`, {
    help: `wait, or choose another journal; if no process writes it, remove \`${file}\``,
  })
}

/**
 * When a process of this machine or container began, in a form that no other process with its id
 * has: the boot of the system and the tick after it (proc(5), field 22), with the name of the
 * machine. Undefined where the system does not tell, as outside of Linux.
 */
async function processStart(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // the name of the program stands in parentheses, and may hold any itself
    const tick = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const name = hostname()
    return tick === undefined || /\s/.test(name) ? undefined : `${name} ${boot.trim()}.${tick}`
  } catch {
    return undefined
  }
}

/** Whether a process that was written down with its start is another one than has its id now. */
async function isReplaced(pid: number, written: string): Promise<boolean> {
  const now = await processStart(pid)
  return now !== undefined && now !== written
}
