import type { Flow, Sequence } from './document.ts'
import { globs, id } from './names.ts'
import { listOf, mapping, oneOf, type Read } from './shape.ts'
import { textOf } from './texts.ts'

const stop = oneOf('the effect', ['ask', 'deny'])

const flowFields = mapping(
  '`flow`',
  {},
  {
    trusted: listOf('`trusted`', oneOf('a source', ['user', 'system', 'developer']), {
      minimum: 0,
    }),
    untrustedSteering: stop,
    untrustedLinks: oneOf('`untrustedLinks`', ['allow', 'ask', 'deny']),
    secretsOut: stop,
    secretFrom: oneOf('`secretFrom`', ['internal', 'private', 'secret']),
    afterUntrusted: listOf(
      '`afterUntrusted`',
      mapping('an entry of `afterUntrusted`', { tools: globs, then: stop }, {}),
      { minimum: 0 },
    ),
  },
)

export const readFlow: Read<Flow> = (node, diagnostics) => {
  const fields = flowFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { trusted, untrustedLinks, secretFrom, afterUntrusted, ...rest } = fields
  return {
    ...rest,
    trusted: trusted ?? ['user', 'system', 'developer'],
    ...(untrustedLinks === undefined || untrustedLinks === 'allow' ? {} : { untrustedLinks }),
    secretFrom: secretFrom ?? 'private',
    afterUntrusted: (afterUntrusted ?? []).map(({ then, ...entry }) => ({
      ...entry,
      effect: then,
    })),
  }
}

const sequenceFields = mapping(
  'a sequence',
  { id, then: mapping('`then`', { tools: globs, do: stop }, {}) },
  {
    after: globs,
    unless: globs,
    sameArg: textOf({ what: 'an argument name', maxLength: 256 }),
    reason: textOf({ what: 'the reason', maxLength: 200 }),
  },
)

export const readSequence: Read<Sequence> = (node, diagnostics) => {
  const fields = sequenceFields(node, diagnostics)
  if (fields === undefined || node.kind !== 'map') return undefined
  if (node.entries.has('after') === node.entries.has('unless')) {
    const place = node.entries.get('id')!.value
    const message = 'a sequence needs exactly one of `after` and `unless`'
    return diagnostics.error(place, 'missing-key', message, {
      help: '`after` forbids calls once one of its tools ran, `unless` forbids them until one ran',
    })
  }
  const { after, unless, then, ...rest } = fields
  const earlier = after ?? unless
  if (earlier === undefined) return undefined
  const kind = after === undefined ? 'unless' : 'after'
  return { ...rest, kind, earlier, tools: then.tools, do: then.do }
}
