import type { JsonPrimitive } from '../../base/json.ts'
import type { FlowArgument } from './argument.ts'
import { queryOf } from './forms.ts'
import type { Ledger, Source } from './ledger.ts'
import { linksIn } from './links.ts'
import { secretsIn } from './secrets.ts'
import { digestQuery } from './source-index.ts'

const trustedShelves = ['user', 'system', 'trusted'] as const

/** The links in a text that no trusted source holds, each with where it was read, if anywhere. */
export function unvouchedLinks(
  text: string,
  argument: FlowArgument,
  ledger: Ledger,
): readonly (Source | undefined)[] {
  const found: (Source | undefined)[] = []
  for (const link of new Set(linksIn(text))) {
    const query = queryOf(link, 'url')
    const digested = digestQuery(query, ledger.digest)
    const isVouched =
      argument.knows(query) ||
      trustedShelves.some((shelf) => ledger.find(shelf, digested) !== undefined)
    if (!isVouched) found.push(ledger.find('untrusted', digested))
  }
  return found
}

/**
 * The sources whose secrets a value holds, and undefined when it holds none. What the user typed
 * is no secret from whom they send it to. Once there were too many secrets to keep, everything
 * that has the look of one is taken for one.
 */
export function secretSources(value: JsonPrimitive, ledger: Ledger): readonly Source[] | undefined {
  if (typeof value === 'boolean') return undefined
  const sources: Source[] = []
  const isFull = ledger.isFull('secrets')
  for (const part of secretsIn(String(value))) {
    const query = { forms: [ledger.digest(part)], words: undefined }
    const source = ledger.find('secrets', query)
    if ((source === undefined && !isFull) || ledger.find('said', query) !== undefined) continue
    if (source === undefined) return sources
    sources.push(source)
  }
  return sources.length === 0 ? undefined : sources
}
