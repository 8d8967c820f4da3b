import type { OutputRule, Redaction } from './document.ts'
import { globs } from './names.ts'
import { pattern } from './read-arguments.ts'
import { listOf, mapping, numberOf, oneOf, type Read } from './shape.ts'
import { parsed } from './texts.ts'

const units = { B: 1, KiB: 1024, MiB: 1024 * 1024 } as const

/** Bytes; from 256 B to 16 MiB, the bounds of a tool result. */
const size: Read<number> = parsed(
  { what: 'a size', help: 'write a whole number and one of B, KiB, MiB, from 256B to 16MiB' },
  (text) => {
    const match = /^([1-9][0-9]{0,5})(B|KiB|MiB)$/.exec(text)
    if (match === null) return undefined
    const bytes = Number(match[1]) * units[match[2] as keyof typeof units]
    return bytes >= 256 && bytes <= 16 * units.MiB ? bytes : undefined
  },
)

const redactionFields = mapping(
  'a redaction',
  {},
  {
    what: oneOf('`what`', ['secrets', 'email', 'iban', 'card', 'phone']),
    matches: pattern,
    keep: numberOf('`keep`', { integer: true, minimum: 0, maximum: 8 }),
  },
)

const readRedaction: Read<Redaction> = (node, diagnostics) => {
  const fields = redactionFields(node, diagnostics)
  if (fields === undefined || node.kind !== 'map') return undefined
  const { what, matches, keep = 0 } = fields
  if (node.entries.has('what') === node.entries.has('matches')) {
    const message = 'a redaction needs exactly one of `what` and `matches`'
    return diagnostics.error(node, 'missing-key', message, {
      help: 'write `what: secrets` or another known kind, or `matches` and a pattern',
    })
  }
  if (what !== undefined) return { what, keep }
  return matches === undefined ? undefined : { matches, keep }
}

const outputFields = mapping(
  'an output rule',
  { tools: globs },
  {
    maxSize: size,
    strip: listOf(
      '`strip`',
      oneOf('what is stripped', ['ansi', 'bidi', 'tags', 'zero-width', 'control']),
    ),
    redact: listOf('`redact`', readRedaction),
  },
)

export const readOutputRule: Read<OutputRule> = (node, diagnostics) => {
  const fields = outputFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { maxSize, strip = [], redact = [], ...rest } = fields
  return { ...rest, ...(maxSize === undefined ? {} : { maxBytes: maxSize }), strip, redact }
}
