import type { JsonPrimitive } from '../../base/json.ts'
import type { SourceKind } from '../../policy/document.ts'
import type { FlowCheck } from './check.ts'
import { openQuery } from './forms.ts'
import type { Ledger, Source } from './ledger.ts'
import { digestQuery, type DigestedQuery } from './source-index.ts'

/**
 * A trusted result that vouches for what is looked for. A result that holds words of what its tool
 * was asked with (`answered`) vouches for what nobody has asked with (`asked`) only.
 */
export function findTrusted(ledger: Ledger, query: DigestedQuery): Source | undefined {
  const own = ledger.find('trusted', query)
  if (own !== undefined || query.words === undefined) return own
  const { words } = query
  const answered = ledger.find('answered', { forms: [], words })
  if (answered === undefined || ledger.isFull('asked')) return undefined
  return ledger.find('asked', { forms: [], words }) === undefined ? answered : undefined
}

/** Whether a value occurs in a source of one of the kinds. */
export function isHeld(
  value: JsonPrimitive,
  kinds: readonly SourceKind[],
  ledger: Ledger,
  check: FlowCheck,
): boolean {
  const query = openQuery(value)
  const digested = digestQuery(query, ledger.digest)
  return kinds.some((kind) => {
    if (kind === 'policy') return check.knows(query)
    const source = kind === 'trusted' ? findTrusted(ledger, digested) : ledger.find(kind, digested)
    return source !== undefined
  })
}
