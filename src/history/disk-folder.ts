import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/digest.ts'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { randomHex } from '../base/ids.ts'
import { isObject } from '../base/json.ts'
import { codeOf, makeFile, makeFolder, namesIn, syncFolder, textOf } from './disk-files.ts'
import type { HistoryEntry } from './entry.ts'
import { historyConflict, type KeptHistory } from './store.ts'

/** One append: a file by the number of entries before it. */
interface Segment {
  readonly key: string
  readonly entries: readonly HistoryEntry[]
}

interface Conversation extends Segment {
  readonly length: number
}

interface LeaseFile {
  readonly holder: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

const segmentName = /^([0-9]{8})\.json$/
const leaseName = /^lease\.([0-9]{8})$/
const removedName = /^\.removed-[0-9a-f]+$/
const conversationName = /^[0-9a-f]{64}$/

/** Attempts to read a lease that another process renews meanwhile. */
const leaseAttempts = 50

/** The folder of a `diskHistory`. */
export class DiskFolder {
  readonly #folder: string
  readonly #clock: Clock

  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
  }

  async read(key: string): Promise<readonly HistoryEntry[]> {
    return this.#guarded('read', async () => (await this.#conversation(key)).entries)
  }

  async append(
    key: string,
    expectedLength: number,
    entries: readonly HistoryEntry[],
  ): Promise<void> {
    await this.#guarded('written', async () => {
      const { length } = await this.#conversation(key)
      if (length !== expectedLength) throw historyConflict(key, expectedLength, length)
      if (entries.length === 0) return
      // only the first append makes the folder: behind a removal the others would leave a gap
      if (length === 0) await makeFolder(this.#placeOf(key))
      const path = join(this.#placeOf(key), segmentFile(length))
      if (await makeFile(path, JSON.stringify({ key, entries }))) return
      const found = await this.#conversation(key)
      throw historyConflict(key, expectedLength, found.length)
    })
  }

  async remove(key: string, expectedLength?: number): Promise<boolean> {
    return this.#guarded('written', async () => {
      if (!(await this.#isThere(key, expectedLength)) || !(await this.#takeAway(key))) {
        // one that was broken off, and is asked for again
        await this.#sweep(await namesIn(this.#folder))
        return false
      }
      const { lease } = await this.#leaseOf(key)
      const isFree = lease === undefined || lease.until <= this.#clock.now()
      if (isFree) await rm(this.#leasesOf(key), { recursive: true, force: true })
      await syncFolder(this.#folder)
      return true
    })
  }

  /** Whoever searches for what is to go must not miss what stands behind a damaged conversation. */
  async *list(): AsyncGenerator<KeptHistory> {
    let failed: SallyportError | undefined
    const names = await this.#guarded('read', () => namesIn(this.#folder))
    // who may only read leaves them
    await this.#sweep(names).catch(() => undefined)
    for (const name of names) {
      if (!conversationName.test(name)) continue
      try {
        const { entries, key, length } = await this.#guarded('read', () => this.#read(name))
        const last = entries.at(-1)
        if (last !== undefined) yield { key, length, lastAt: last.at }
      } catch (error) {
        failed ??= error as SallyportError
      }
    }
    if (failed !== undefined) throw failed
  }

  async lease(key: string, holder: string, ms: number): Promise<boolean> {
    return this.#guarded('written', async () => {
      const { generation, lease } = await this.#leaseOf(key)
      const now = this.#clock.now()
      const isOurs = lease === undefined || lease.holder === holder || lease.until <= now
      if (!isOurs) return false
      return this.#setLease(key, generation, { holder, until: now + ms })
    })
  }

  async release(key: string, holder: string): Promise<void> {
    await this.#guarded('written', async () => {
      const { generation, lease } = await this.#leaseOf(key)
      if (lease?.holder === holder) await this.#setLease(key, generation, { holder, until: 0 })
    })
  }

  /**
   * Each taking of a lease is a file of its own, the last of which counts: making the next one is a
   * step that only one process can take.
   */
  async #setLease(key: string, generation: number, lease: LeaseFile): Promise<boolean> {
    const place = this.#leasesOf(key)
    const own = leaseFile(generation + 1)
    await makeFolder(place)
    if (!(await makeFile(join(place, own), JSON.stringify(lease)))) return false
    const names = (await namesIn(place)).filter((name) => leaseName.test(name))
    // others may have gone on and taken their traces away; the last one always stays
    const isLast = !names.some((name) => name > own)
    const outdated = isLast ? names.filter((name) => name !== own) : [own]
    for (const name of outdated) await rm(join(place, name), { force: true })
    return isLast
  }

  async #leaseOf(
    key: string,
  ): Promise<{ readonly generation: number; readonly lease: LeaseFile | undefined }> {
    const place = this.#leasesOf(key)
    for (let attempt = 0; attempt < leaseAttempts; attempt++) {
      const generations = (await namesIn(place)).flatMap((name) => leaseName.exec(name)?.[1] ?? [])
      const last = generations.toSorted().at(-1)
      if (last === undefined) return { generation: 0, lease: undefined }
      const text = await textOf(join(place, `lease.${last}`))
      if (text === undefined) continue
      const lease = parsed(text) as Partial<LeaseFile> | undefined
      if (typeof lease?.holder === 'string' && typeof lease.until === 'number') {
        return { generation: Number(last), lease: lease as LeaseFile }
      }
      throw damaged(join(place, `lease.${last}`))
    }
    throw new SallyportError('bad-history', `the lease of \`${key}\` changes too fast to be read`, {
      help: 'look for what else writes to its folder, and try again',
    })
  }

  /** A damaged conversation can be removed too, where nobody asks for its length. */
  async #isThere(key: string, expectedLength: number | undefined): Promise<boolean> {
    if (expectedLength === undefined) {
      return (await namesIn(this.#placeOf(key))).some((file) => segmentName.test(file))
    }
    const { length } = await this.#conversation(key)
    return length > 0 && length === expectedLength
  }

  /** Out of the way in one step: a half of a conversation would be another one. */
  async #takeAway(key: string): Promise<boolean> {
    const removed = `.removed-${randomHex()}`
    try {
      await rename(this.#placeOf(key), join(this.#folder, removed))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
    await this.#sweep([removed])
    return true
  }

  /** Takes away what was removed, also where the process died that was about to. */
  async #sweep(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (!removedName.test(name)) continue
      await rm(join(this.#folder, name), { recursive: true, force: true })
    }
  }

  #conversation(key: string): Promise<Conversation> {
    return this.#read(nameOf(key), key)
  }

  async #read(name: string, key = ''): Promise<Conversation> {
    const place = join(this.#folder, name)
    const segments = (await namesIn(place)).filter((file) => segmentName.test(file)).toSorted()
    const entries: HistoryEntry[] = []
    let own = key
    for (const file of segments) {
      const path = join(place, file)
      const segment = segmentOf(await textOf(path))
      if (file !== segmentFile(entries.length) || segment === undefined) throw damaged(path)
      own = segment.key
      if (nameOf(own) !== name) throw damaged(path)
      entries.push(...segment.entries)
    }
    return { key: own, entries, length: entries.length }
  }

  #placeOf(key: string): string {
    return join(this.#folder, nameOf(key))
  }

  /** Beside the conversation, which may be removed while somebody holds it. */
  #leasesOf(key: string): string {
    return join(this.#folder, 'leases', nameOf(key))
  }

  async #guarded<Value>(doing: 'read' | 'written', work: () => Promise<Value>): Promise<Value> {
    try {
      return await work()
    } catch (error) {
      if (isSallyportError(error)) throw error
      throw new SallyportError(
        'bad-history',
        `conversations in \`${this.#folder}\` cannot be ${doing}: ${messageOf(error)}`,
        { help: 'check that it is a folder that may be used, with space', cause: error },
      )
    }
  }
}

/** Nothing of a key but its digest becomes part of a path. */
function nameOf(key: string): string {
  return sha256(key).slice('sha256:'.length)
}

function segmentFile(length: number): string {
  return `${String(length).padStart(8, '0')}.json`
}

function leaseFile(generation: number): string {
  return `lease.${String(generation).padStart(8, '0')}`
}

function segmentOf(text: string | undefined): Segment | undefined {
  const value = text === undefined ? undefined : parsed(text)
  if (!isObject(value) || typeof value['key'] !== 'string') return undefined
  const { entries } = value
  return Array.isArray(entries) && entries.length > 0 && entries.every(isObject)
    ? (value as unknown as Segment)
    : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function damaged(path: string): SallyportError {
  return new SallyportError('bad-history', `\`${path}\` is no part of a conversation`, {
    help: 'restore it from a copy, or remove the conversation',
  })
}
