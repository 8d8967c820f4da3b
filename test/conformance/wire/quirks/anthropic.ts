import {
  eachObject,
  objectIn,
  perEvent,
  typesInNames,
  type Fields,
  type Quirk,
  type Sent,
} from './quirk.ts'

function typeOf(data: Fields | string): string {
  return typeof data === 'string' ? '' : String(data['type'])
}

/** The input of every call, by the index of its block. */
function inputsOf(events: readonly Sent[]): ReadonlyMap<unknown, string> {
  const inputs = new Map<unknown, string>()
  for (const { data } of events) {
    const delta = typeof data === 'string' ? undefined : objectIn(data, 'delta')
    if (typeof data === 'string' || delta?.['type'] !== 'input_json_delta') continue
    inputs.set(data['index'], (inputs.get(data['index']) ?? '') + String(delta['partial_json']))
  }
  return inputs
}

function isObjectText(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

/** Every input in the opening of its block, whether or not it comes again. */
function givenEarly(name: string, again: boolean): Quirk {
  return {
    name,
    except: ['opaque'],
    change(events) {
      const inputs = inputsOf(events)
      if (inputs.size === 0 || ![...inputs.values()].every(isObjectText)) return undefined
      return eachObject(events, (data) => {
        const block = objectIn(data, 'content_block')
        const input = inputs.get(data['index'])
        if (block !== undefined && input !== undefined) block['input'] = JSON.parse(input)
        const isPiece = objectIn(data, 'delta')?.['type'] === 'input_json_delta'
        return isPiece && !again ? [] : undefined
      })
    },
  }
}

export const anthropicQuirks: readonly Quirk[] = [
  typesInNames,
  perEvent('unknown events and deltas', (data) => [
    { type: 'tomorrow', index: 0 },
    { type: 'content_block_delta', index: 99, delta: { type: 'tomorrow_delta', text: 'x' } },
    data,
  ]),
  perEvent('gaps between places', (data) => {
    if (typeof data['index'] === 'number') data['index'] = 5 + 3 * data['index']
  }),
  perEvent('the opening twice', (data) =>
    typeOf(data) === 'message_start' && typeof objectIn(data, 'message')?.['id'] === 'string'
      ? [data, data]
      : undefined,
  ),
  perEvent('the stop reason, and then the counts', (data) => {
    if (typeOf(data) !== 'message_delta') return undefined
    const { usage, ...rest } = data
    return [rest, { type: 'message_delta', delta: {}, usage }]
  }),
  perEvent('the counts, and then the stop reason', (data) => {
    if (typeOf(data) !== 'message_delta') return undefined
    const { usage, ...rest } = data
    return [{ type: 'message_delta', delta: { stop_reason: null }, usage }, rest]
  }),
  perEvent('the end told twice', (data) =>
    typeOf(data) === 'message_delta' ? [data, data] : undefined,
  ),
  perEvent('counts of 0 at the end', (data) =>
    typeOf(data) === 'message_stop'
      ? [
          {
            type: 'message_delta',
            delta: {},
            usage: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: null },
          },
          data,
        ]
      : undefined,
  ),
  perEvent('counts as texts', (data) => {
    for (const usage of [objectIn(data, 'usage'), objectIn(objectIn(data, 'message'), 'usage')]) {
      for (const [key, value] of Object.entries(usage ?? {})) {
        if (typeof value === 'number') usage![key] = String(value)
      }
    }
  }),
  {
    name: 'no ends of blocks of text',
    except: ['opaque'],
    change(events) {
      const texts = new Set(
        events.flatMap(({ data }) =>
          typeof data !== 'string' && objectIn(data, 'content_block')?.['type'] === 'text'
            ? [data['index']]
            : [],
        ),
      )
      return events.filter(
        ({ data }) =>
          typeof data === 'string' ||
          typeOf(data) !== 'content_block_stop' ||
          !texts.has(data['index']),
      )
    },
  },
  givenEarly('input in the opening', false),
  givenEarly('input in the opening, and again', true),
  perEvent('pieces cut into characters', (data) => {
    const delta = objectIn(data, 'delta')
    const keys = {
      text_delta: 'text',
      thinking_delta: 'thinking',
      input_json_delta: 'partial_json',
    }
    const key = keys[delta?.['type'] as keyof typeof keys]
    const piece = delta?.[key]
    if (typeOf(data) !== 'content_block_delta' || typeof piece !== 'string') return undefined
    return [...piece, ''].map((character) => ({ ...data, delta: { ...delta, [key]: character } }))
  }),
  perEvent('empty citations', (data) => {
    const block = objectIn(data, 'content_block')
    if (block?.['type'] === 'text') block['citations'] ??= null
  }),
]
