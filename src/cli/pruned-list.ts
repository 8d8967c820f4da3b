import { open } from 'node:fs/promises'
import { canonicalJson, sha256 } from '../base/digest.ts'
import { fileFailure } from '../base/file-failure.ts'
import { isObject, parseJson } from '../base/json.ts'
import { genesis } from '../journal/chain.ts'
import type { Pruned } from '../journal/retention.ts'
import { readText } from './files.ts'
import { counted, visible } from '../base/text.ts'

/** What the list beside a journal says of pruning. */
export interface PrunedList {
  readonly entries: number
  readonly removed: readonly string[]
  readonly erased: readonly string[]
  /** When something was pruned last. */
  readonly last: string | null
  /** Each entry names the one before it. */
  readonly isWhole: boolean
}

/** Adds an entry to the list beside a journal, which names the one before it. Throws `bad-file`. */
export async function notePruned(path: string, { erased, removed }: Pruned): Promise<void> {
  const list = listOf(path)
  const prev = (await linesOf(list)).at(-1)
  const entry = canonicalJson({
    at: new Date().toISOString(),
    erased,
    prev: prev === undefined ? genesis : sha256(prev),
    removed,
  })
  try {
    await using file = await open(list, 'a', 0o600)
    await file.appendFile(`${entry}\n`)
    await file.datasync()
  } catch (cause) {
    throw fileFailure(`\`${list}\``, 'written', cause)
  }
}

/** The list of a journal; undefined where nothing was ever pruned. Throws `bad-file`. */
export async function readPruned(path: string): Promise<PrunedList | undefined> {
  const lines = await linesOf(listOf(path))
  if (lines.length === 0) return undefined
  const [removed, erased]: [string[], string[]] = [[], []]
  let isWhole = true
  let prev = genesis
  let last: string | null = null
  for (const line of lines) {
    const parsed = parseJson(line, { maxLength: Number.POSITIVE_INFINITY })
    const entry = parsed.ok && isObject(parsed.value) ? parsed.value : {}
    isWhole &&= entry['prev'] === prev && areTexts(entry['removed']) && areTexts(entry['erased'])
    prev = sha256(line)
    if (areTexts(entry['removed'])) removed.push(...entry['removed'])
    if (areTexts(entry['erased'])) erased.push(...entry['erased'])
    if (typeof entry['at'] === 'string') last = entry['at']
  }
  return { entries: lines.length, removed, erased, last, isWhole }
}

/** What the list says, for people. */
export function prunedText({ entries, erased, isWhole, last, removed }: PrunedList): string {
  const whole = isWhole
    ? 'each entry names the one before it'
    : 'ALTERED: an entry does not name the one before it'
  return [
    `PRUNED  ${counted(removed.length, 'run')} removed, ${counted(erased.length, 'run')} erased, last at ${visible(last ?? 'an unknown time')}`,
    `  its list, of length ${entries}: ${whole}`,
    '  not proved  that nothing else was removed: the list is not signed',
    '',
  ].join('\n')
}

function listOf(path: string): string {
  return `${path}.pruned`
}

async function linesOf(list: string): Promise<readonly string[]> {
  try {
    await (await open(list)).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
  }
  return (await readText(list)).split('\n').filter((line) => line !== '')
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
