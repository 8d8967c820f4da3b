import { createHash } from 'node:crypto'
import type { ReadRecords } from './long.ts'
import { changed } from './read.ts'

interface FirstTime {
  readonly count: number
  readonly digest: string
  /** False where reading was given up. */
  readonly isWhole: boolean
}

/**
 * Reads a run as often as it is asked to, and the same of it: what is shown is then what was verified.
 * What was appended after the first time is left aside. Throws `bad-journal` for other records or
 * payloads than the first time.
 */
export function sameRecords(read: ReadRecords): ReadRecords {
  let first: FirstTime | undefined
  return async function* () {
    const seen = createHash('sha256')
    let count = 0
    let isWhole = false
    try {
      for await (const record of read()) {
        // no JSON text holds U+0000
        seen.update(`${record.hash}\u0000${record.payload ?? ''}\u0000`)
        count++
        const isLast = count === first?.count
        if (isLast && seen.copy().digest('hex') !== first!.digest) throw changed()
        yield record
        if (isLast && first!.isWhole) return
      }
      isWhole = true
      if (first !== undefined && count < first.count) throw changed()
    } finally {
      first ??= { count, digest: seen.digest('hex'), isWhole }
    }
  }
}
