import type { ArgumentLabel, Origin } from '../protocol/decision.ts'

/** A label as a path from source to sink, such as `read_file /0/body -> /recipient (untrusted)`. */
export function describeLabel({ argument, from, secrecy, trust }: ArgumentLabel): string {
  const sources = from.length === 0 ? 'the model' : from.map(describeOrigin).join(', ')
  return `${sources} -> ${argument} (${secrecy === undefined ? trust : `${trust}, ${secrecy}`})`
}

/** A source in words, such as `read_file /0/body (call-id)`. */
export function describeOrigin({ kind, tool, callId, field }: Origin): string {
  return [tool ?? kind, field, callId === undefined ? undefined : `(${callId})`]
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
}
