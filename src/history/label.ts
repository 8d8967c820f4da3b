import {
  secrecyLevels,
  type OutputFacts,
  type OutputLabel,
  type TextLabel,
} from '../protocol/facts.ts'
import type { HistoryEntry } from './entry.ts'

/** The label of a text about these entries: as untrusted and as closed as the worst of them. */
export function labelOf(entries: readonly HistoryEntry[]): TextLabel {
  return entries.map(labelOfEntry).reduce(worse, { trust: 'trusted', secrecy: 'public' })
}

function labelOfEntry({ message, untrusted }: HistoryEntry): TextLabel {
  switch (message.role) {
    case 'assistant':
      return untrusted === true
        ? { trust: 'untrusted', secrecy: 'internal' }
        : { trust: 'trusted', secrecy: 'public' }
    case 'tool':
      return (message.labels ?? [{}])
        .map(labelOfFacts)
        .reduce(worse, { trust: 'trusted', secrecy: 'public' })
    case 'user': {
      if (message.label !== undefined) return message.label
      const isTyped =
        typeof message.content === 'string' || message.content.every(({ type }) => type === 'text')
      return { trust: isTyped ? 'trusted' : 'untrusted', secrecy: 'internal' }
    }
  }
}

/** Of a result that has parts with labels of their own any may be meant. */
function labelOfFacts({ output, fields }: OutputFacts): TextLabel {
  const isLabelled = output !== undefined || fields !== undefined
  const unstated: TextLabel = {
    trust: 'untrusted',
    secrecy: isLabelled ? 'internal' : 'private',
  }
  const whole = { ...unstated, ...onlyStated(output) }
  return Object.values(fields ?? {})
    .map((field): TextLabel => ({ ...whole, ...onlyStated(field) }))
    .reduce(worse, whole)
}

function onlyStated({ trust, secrecy }: OutputLabel = {}): Partial<TextLabel> {
  return {
    ...(trust === undefined ? {} : { trust }),
    ...(secrecy === undefined ? {} : { secrecy }),
  }
}

function worse(a: TextLabel, b: TextLabel): TextLabel {
  return {
    trust: a.trust === 'trusted' && b.trust === 'trusted' ? 'trusted' : 'untrusted',
    secrecy:
      secrecyLevels[Math.max(secrecyLevels.indexOf(a.secrecy), secrecyLevels.indexOf(b.secrecy))]!,
  }
}
