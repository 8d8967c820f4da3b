import {
  secrecyLevels,
  type ArgumentFacts,
  type OutputLabel,
  type ToolFacts,
} from '../protocol/facts.ts'
import type { ToolEntry } from './document.ts'
import { checkArgumentKey, checkPointerKey, checkToolKey, duration, glob } from './names.ts'
import { boolean, listOf, mapping, oneOf, recordOf, type Read } from './shape.ts'
import { textOf } from './texts.ts'

const labelFields = mapping(
  'a label',
  {},
  {
    trust: oneOf('`trust`', ['trusted', 'untrusted']),
    secrecy: oneOf('`secrecy`', secrecyLevels),
    endorse: oneOf('`endorse`', ['identifier', 'integer', 'number', 'boolean', 'date', 'enum']),
  },
)

const readLabel: Read<OutputLabel> = (node, diagnostics) => {
  const fields = labelFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { at: _at, ...label } = fields
  return label
}

const argumentFields = mapping(
  'facts about an argument',
  {},
  {
    steers: boolean,
    carries: boolean,
    is: oneOf('`is`', [
      'text',
      'path',
      'url',
      'host',
      'email',
      'iban',
      'argv',
      'sql',
      'money',
      'date',
      'id',
    ]),
    idsFrom: listOf('`idsFrom`', glob),
    fromNamed: listOf('`fromNamed`', glob),
    known: listOf('`known`', textOf({ what: 'a known value', maxLength: 1024 })),
  },
)

const readArgumentFacts: Read<ArgumentFacts> = (node, diagnostics) => {
  const fields = argumentFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { at: _at, idsFrom, fromNamed, ...facts } = fields
  return {
    ...facts,
    ...(idsFrom === undefined ? {} : { idsFrom: idsFrom.map(({ text }) => text) }),
    ...(fromNamed === undefined ? {} : { fromNamed: fromNamed.map(({ text }) => text) }),
  }
}

const entryFields = mapping(
  'a tool',
  { kind: oneOf('`kind`', ['read', 'write', 'destructive', 'exec', 'network']) },
  {
    sink: oneOf('`sink`', ['none', 'internal', 'external', 'public']),
    pin: textOf({
      what: 'a pin',
      pattern: /^sha256(?:-[A-Za-z0-9+/]{43}=|:[0-9a-f]{64})$/,
      help: 'write `sha256-` and 44 characters of base64, or `sha256:` and 64 lower-case hexadecimal digits; the denial of a call under a wrong pin names the right one',
    }),
    output: readLabel,
    fields: recordOf('`fields`', checkPointerKey, readLabel),
    args: recordOf('`args`', checkArgumentKey, readArgumentFacts),
    timeout: duration,
  },
)

export const readToolEntries: Read<readonly ToolEntry[]> = (node, diagnostics) =>
  recordOf('`tools`', checkToolKey, entryFields, { minimum: 1 })(node, diagnostics)?.map(
    ({ name, value }): ToolEntry => {
      const { at: _at, args = [], fields = [], pin, timeout, ...facts } = value
      return {
        name,
        facts,
        args,
        fields,
        ...(pin === undefined ? {} : { pin: inBase64(pin) }),
        ...(timeout === undefined ? {} : { timeoutMs: timeout }),
      }
    },
  )

/** Of both forms a pin can be written in, the one that pins are compared in. */
function inBase64(pin: string): string {
  const digits = /^sha256:(.*)$/.exec(pin)?.[1]
  return digits === undefined ? pin : `sha256-${Buffer.from(digits, 'hex').toString('base64')}`
}

/** What the entry says, as plain facts. */
export function factsOfEntry({ facts, args, fields }: ToolEntry): ToolFacts {
  return {
    ...facts,
    ...(args.length === 0 ? {} : { args: toRecord(args) }),
    ...(fields.length === 0 ? {} : { fields: toRecord(fields) }),
  }
}

function toRecord<T>(
  entries: readonly { readonly name: { readonly text: string }; readonly value: T }[],
): Record<string, T> {
  return Object.fromEntries(entries.map(({ name, value }) => [name.text, value]))
}
