import {
  eachObject,
  listIn,
  objectIn,
  perEvent,
  type Aspect,
  type Fields,
  type Quirk,
  type Sent,
} from './quirk.ts'

function choicesOf(data: Fields): Fields[] {
  return listIn(data, 'choices')
}

function deltasOf(data: Fields): readonly Fields[] {
  return choicesOf(data)
    .map((choice) => objectIn(choice, 'delta'))
    .filter((delta) => delta !== undefined)
}

function fragmentsOf(data: Fields): readonly Fields[] {
  return deltasOf(data).flatMap((delta) => listIn(delta, 'tool_calls'))
}

function perDelta(
  name: string,
  change: (delta: Fields) => void,
  except?: readonly Aspect[],
): Quirk {
  return perEvent(name, (data) => deltasOf(data).forEach(change), except)
}

function perFragment(
  name: string,
  change: (fragment: Fields, called: Fields) => void,
  except?: readonly Aspect[],
): Quirk {
  return perEvent(
    name,
    (data) =>
      fragmentsOf(data).forEach((fragment) =>
        change(fragment, objectIn(fragment, 'function') ?? {}),
      ),
    except,
  )
}

/** Events with something in the place of one member of a delta, one event for each. */
function cutApart(data: Fields, key: string, pieces: readonly unknown[]): readonly Fields[] {
  return pieces.map((piece, at) => {
    const copy = structuredClone(data)
    const [choice] = choicesOf(copy)
    const delta = objectIn(choice, 'delta')!
    if (at > 0) choice!['delta'] = { [key]: piece }
    else delta[key] = piece
    if (at < pieces.length - 1) {
      choice!['finish_reason'] = null
      delete choice!['native_finish_reason']
      delete copy['usage']
    }
    return copy
  })
}

/** What later fragments of a call leave out. */
function remembered(events: readonly Sent[]): Map<unknown, { id: unknown; name: unknown }> {
  const known = new Map<unknown, { id: unknown; name: unknown }>()
  for (const { data } of events) {
    if (typeof data === 'string') continue
    for (const fragment of fragmentsOf(data)) {
      const name = objectIn(fragment, 'function')?.['name']
      if (!known.has(fragment['index'])) known.set(fragment['index'], { id: fragment['id'], name })
    }
  }
  return known
}

/** True when each call is told from its first fragment to its last, and opens with id and name. */
function isInTurn(events: readonly Sent[]): boolean {
  let last: unknown
  let lastId: unknown
  const seen = new Set<unknown>()
  for (const { data } of events) {
    for (const fragment of typeof data === 'string' ? [] : fragmentsOf(data)) {
      const { index, id } = fragment
      const opens = Boolean(id) && Boolean(objectIn(fragment, 'function')?.['name'])
      if (index !== last && (seen.has(index) || !opens)) return false
      // without an index a new id would open another call
      if (index === last && id && id !== lastId) return false
      seen.add(index)
      last = index
      lastId = id || lastId
    }
  }
  return seen.size > 0
}

function isChunk(data: Fields): boolean {
  return choicesOf(data).length > 0
}

/** The usage of an answer, moved or written in another way. */
function withUsage(
  name: string,
  change: (data: Fields, usage: Fields) => Fields | readonly Fields[] | void,
): Quirk {
  return perEvent(name, (data) => {
    const usage = objectIn(data, 'usage')
    return usage === undefined ? undefined : change(data, usage)
  })
}

const deltaMembers =
  'role content refusal tool_calls function_call audio reasoning reasoning_content reasoning_details annotations images'.split(
    ' ',
  )

export const chatQuirks: readonly Quirk[] = [
  perEvent('no ids, objects and times', (data) => {
    for (const key of ['id', 'object', 'created']) delete data[key]
  }),
  perEvent('another id in every chunk', (data, at) => ({
    ...data,
    id: `x${at}`,
    created: `${at}`,
  })),
  perEvent('no index of the choice', (data) => {
    const choices = choicesOf(data)
    if (choices.length === 1 && choices[0]!['index'] === 0) delete choices[0]!['index']
  }),
  perEvent('an index of the choice that is a text', (data) => {
    for (const choice of choicesOf(data)) choice['index'] = String(choice['index'] ?? 0)
  }),
  perEvent('another choice of text in every chunk', (data) => {
    if (isChunk(data)) {
      listIn(data, 'choices').push({ index: 9, delta: { content: 'y' }, finish_reason: null })
    }
  }),
  perEvent('chunks without choices first', (data, at) =>
    at > 0
      ? undefined
      : [
          { id: '', choices: [], prompt_filter_results: [] },
          { id: '', choices: null, debug: { echo_upstream_body: {} } },
          { id: '' },
          data,
        ],
  ),
  perDelta('no roles', (delta) => delete delta['role']),
  perDelta('a role in every delta', (delta) => Object.assign(delta, { role: 'assistant' })),
  perDelta('null for everything that is not there', (delta) => {
    for (const key of deltaMembers) delta[key] ??= null
  }),
  perDelta('nothing where null would be', (delta) => {
    for (const [key, value] of Object.entries(delta)) if (value === null) delete delta[key]
  }),
  perDelta('empty texts and lists', (delta) => {
    delta['content'] ??= ''
    delta['refusal'] ??= ''
    for (const key of ['tool_calls', 'annotations', 'images', 'reasoning_details'])
      delta[key] ??= []
  }),
  perEvent('annotations, probabilities and sound', (data) => {
    for (const choice of choicesOf(data)) choice['logprobs'] = { content: [], refusal: null }
    for (const delta of deltasOf(data)) {
      delta['annotations'] = [{ type: 'url_citation', url_citation: { url: 'https://x.example' } }]
      delta['audio'] = { id: 'a', data: 'AAAA', transcript: 'z' }
    }
  }),
  perDelta('content as parts', (delta) => {
    const { content } = delta
    if (typeof content === 'string') delta['content'] = [{ type: 'text', text: content }]
  }),
  perDelta('content as parts without types', (delta) => {
    const { content } = delta
    if (typeof content === 'string') delta['content'] = [{ text: content }, null, {}]
  }),
  perEvent('content cut into characters', (data) => {
    const content = deltasOf(data)[0]?.['content']
    if (typeof content !== 'string' || content === '' || choicesOf(data).length > 1)
      return undefined
    return cutApart(data, 'content', [...content])
  }),
  perDelta(
    'the same reasoning under two names',
    (delta) => {
      const reasoning = delta['reasoning'] ?? delta['reasoning_content']
      if (reasoning != null) Object.assign(delta, { reasoning, reasoning_content: reasoning })
    },
    ['opaque'],
  ),
  ...['reasoning', 'reasoning_content', 'reasoning_text', 'thinking'].map((name) =>
    perDelta(
      `reasoning under the name ${name}`,
      (delta) => {
        const reasoning = delta['reasoning'] ?? delta['reasoning_content']
        if (reasoning == null) return
        delete delta['reasoning']
        delete delta['reasoning_content']
        delta[name] = reasoning
      },
      ['opaque'],
    ),
  ),
  perFragment('no types of calls', (fragment) => delete fragment['type']),
  perFragment('empty ids and names after the first fragment', (fragment, called) => {
    fragment['id'] ??= ''
    called['name'] ??= ''
  }),
  perFragment('ids and names that are null', (fragment, called) => {
    fragment['id'] ||= null
    called['name'] ||= null
    fragment['type'] ||= null
  }),
  perFragment('arguments that are null where they are empty', (_, called) => {
    called['arguments'] ||= null
  }),
  perFragment('no arguments where they are empty', (_, called) => {
    if (called['arguments'] === '' || called['arguments'] === null) delete called['arguments']
  }),
  {
    name: 'ids and names in every fragment',
    change(events) {
      const known = remembered(events)
      // without an index only the order tells whose fragment it is
      return known.has(undefined)
        ? undefined
        : eachObject(events, (data) => {
            for (const fragment of fragmentsOf(data)) {
              const { id, name } = known.get(fragment['index']) ?? {}
              if (id) fragment['id'] = id
              const called = objectIn(fragment, 'function')
              if (called !== undefined && name) called['name'] = name
            }
          })
    },
  },
  perEvent('the name after the id', (data) => splitOpening(data, 'name')),
  perEvent('the id after the name', (data) => splitOpening(data, 'id')),
  {
    name: 'no index of calls',
    change(events) {
      if (!isInTurn(events)) return undefined
      return eachObject(events, (data) => {
        for (const fragment of fragmentsOf(data)) delete fragment['index']
      })
    },
  },
  {
    name: 'calls that begin at a later index, with gaps',
    change: (events) =>
      eachObject(events, (data) => {
        for (const fragment of fragmentsOf(data)) {
          if (typeof fragment['index'] === 'number') fragment['index'] = 3 + 2 * fragment['index']
        }
      }),
  },
  perEvent('one call for each chunk', (data) => {
    const fragments = fragmentsOf(data)
    if (fragments.length < 2 || choicesOf(data).length > 1) return undefined
    return cutApart(
      data,
      'tool_calls',
      fragments.map((fragment) => [fragment]),
    )
  }),
  perEvent('arguments cut into characters', (data) => {
    const fragments = fragmentsOf(data)
    const given = objectIn(fragments[0], 'function')?.['arguments']
    if (fragments.length !== 1 || typeof given !== 'string' || given === '') return undefined
    if (choicesOf(data).length > 1) return undefined
    const { index } = fragments[0]!
    const pieces = [...given].map((piece, at) =>
      at > 0
        ? [{ ...(index === undefined ? {} : { index }), function: { arguments: piece } }]
        : [
            {
              ...fragments[0],
              function: { ...objectIn(fragments[0], 'function'), arguments: piece },
            },
          ],
    )
    return cutApart(data, 'tool_calls', pieces)
  }),
  perFragment('whole arguments as JSON', (_, called) => {
    const text = called['arguments']
    if (typeof text !== 'string' || !/^\s*\{.*\}\s*$/s.test(text)) return
    try {
      called['arguments'] = JSON.parse(text)
    } catch {
      // a fragment
    }
  }),
  perEvent(
    'finish words in capitals',
    (data) => {
      for (const choice of choicesOf(data)) {
        const word = choice['finish_reason']
        if (typeof word === 'string') choice['finish_reason'] = word.toUpperCase()
      }
    },
    ['raw'],
  ),
  perEvent('None where there is no finish word', (data) => {
    for (const choice of choicesOf(data)) choice['finish_reason'] ??= 'None'
  }),
  perEvent('the finish word in a chunk of its own', (data) => {
    const [choice, ...others] = choicesOf(data)
    if (choice === undefined || others.length > 0 || !choice['finish_reason']) return undefined
    const first = structuredClone(data)
    choicesOf(first)[0]!['finish_reason'] = null
    delete first['usage']
    choice['delta'] = {}
    return [first, data]
  }),
  {
    name: 'the finish word again at the end',
    ofGoodEnds: true,
    change(events) {
      const last = events.findLast(({ data }) => typeof data !== 'string' && finishOf(data))
      if (last === undefined) return undefined
      const again = {
        choices: [{ index: 0, delta: {}, finish_reason: finishOf(last.data as Fields) }],
      }
      const at = events.findIndex(({ data }) => data === '[DONE]')
      const to = at < 0 ? events.length : at
      return [...events.slice(0, to), { data: again }, ...events.slice(to)]
    },
  },
  {
    name: 'no end mark',
    change(events) {
      const at = events.findIndex(({ data }) => typeof data !== 'string' && finishOf(data))
      // a call that goes on after the finish word needs the end mark
      const isLate = events.some(
        ({ data }, place) => place > at && typeof data !== 'string' && fragmentsOf(data).length > 0,
      )
      return at < 0 || isLate ? undefined : events.filter(({ data }) => data !== '[DONE]')
    },
  },
  withUsage('usage in a chunk of its own', (data, usage) => {
    delete data['usage']
    return [data, { choices: [], usage }]
  }),
  withUsage('usage in the choice', (data, usage) => {
    if (choicesOf(data).length !== 1) return
    delete data['usage']
    choicesOf(data)[0]!['usage'] = usage
  }),
  withUsage('usage under the name of its host', (data, usage) => {
    delete data['usage']
    data['x_groq'] = { id: 'x', usage }
  }),
  withUsage('usage twice, and then null and empty', (data, usage) => [
    data,
    { choices: [], usage },
    { choices: [], usage: null },
    { choices: [], usage: {} },
  ]),
  withUsage('counts as texts', (_, usage) => {
    for (const [key, value] of Object.entries(usage)) {
      if (typeof value === 'number') usage[key] = String(value)
    }
  }),
  withUsage('counts under other names', (_, usage) => {
    for (const [key, other] of [
      ['prompt_tokens', 'input_tokens'],
      ['completion_tokens', 'output_tokens'],
      ['prompt_tokens_details', 'input_tokens_details'],
      ['completion_tokens_details', 'output_tokens_details'],
    ] as const) {
      usage[other] = usage[key]
      usage[key] = 0
    }
  }),
]

function finishOf(data: Fields): unknown {
  return choicesOf(data).find((choice) => (choice['index'] ?? 0) === 0)?.['finish_reason']
}

/** Sends one half of the identity of a call in a fragment before the other one. */
function splitOpening(data: Fields, late: 'id' | 'name'): readonly Fields[] | undefined {
  const fragments = fragmentsOf(data)
  const called = objectIn(fragments[0], 'function')
  const { index, id } = fragments[0] ?? {}
  if (fragments.length !== 1 || choicesOf(data).length > 1 || !called?.['name'] || !id)
    return undefined
  if (typeof index !== 'number') return undefined
  const { name, ...rest } = called
  return cutApart(
    data,
    'tool_calls',
    late === 'name'
      ? [[{ index, id, type: 'function' }], [{ index, function: { name, ...rest } }]]
      : [[{ index, function: { name } }], [{ index, id, type: 'function', function: rest }]],
  )
}
