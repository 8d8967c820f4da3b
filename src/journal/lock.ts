import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { randomHex } from '../base/ids.ts'
import { SallyportError } from '../base/errors.ts'
import { isAlive } from '../base/process.ts'

/** A process that is about to end gets a quarter of a second to give its lock back. */
const waits = 5
const waitMs = 50

/** How many processes in a row may have died while they took over the lock of the one before. */
const maxDied = 16

/**
 * Takes a lock file and returns what gives it back. The lock appears with its content in one step
 * (a link to a file that is already written), so nobody sees an empty one. The lock of a process
 * that has died is taken over by one newcomer at a time, who holds `<file>.takeover` meanwhile;
 * that is a lock like the first, which is taken over in the same way from who died holding it.
 * Throws `bad-journal` when the lock is held.
 */
export async function takeLock(file: string): Promise<() => Promise<void>> {
  const own = `${process.pid} ${randomHex()}\n`
  const prepared = `${file}.${randomHex()}`
  await writeFile(prepared, own, { flag: 'wx', mode: 0o600 })
  try {
    for (let left = waits; !(await linked(prepared, file)); left--) {
      try {
        await takeOver(prepared, file, maxDied)
        break
      } catch (error) {
        if (left === 0) throw error
        await setTimeout(waitMs)
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
      if (isAlive(holder)) throw held(file, `process ${holder} has it`)
      await rm(file, { force: true })
    }
    // where it was given back meanwhile, it may be somebody else's again: then it is left alone
    if (!(await linked(prepared, file))) throw held(file, 'another process was faster')
  } finally {
    await rm(takeover, { force: true })
  }
}

/** The process a lock names; undefined when the lock is gone. An unreadable lock counts as held. */
async function holderOf(file: string): Promise<number | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const pid = /^([1-9][0-9]*)\b/.exec(text)?.[1]
  if (pid === undefined) throw held(file, 'its lock names no process')
  return Number(pid)
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
