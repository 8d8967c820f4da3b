import {
  eachObject,
  listIn,
  objectIn,
  perEvent,
  typesInNames,
  type Fields,
  type Quirk,
  type Sent,
} from './quirk.ts'

/** Leaves out the events of some types. */
function without(
  name: string,
  isLeft: (type: string) => boolean,
  needs: (type: string) => boolean,
): Quirk {
  return {
    name,
    ofGoodEnds: true,
    change(events) {
      if (!events.some(({ data }) => needs(typeOf(data)))) return undefined
      return events.filter(({ data }) => !isLeft(typeOf(data)))
    },
  }
}

function typeOf(data: Fields | string): string {
  return typeof data === 'string' ? '' : String(data['type'])
}

function itemsOf(data: Fields): readonly Fields[] {
  const item = objectIn(data, 'item')
  return [...(item === undefined ? [] : [item]), ...listIn(objectIn(data, 'response'), 'output')]
}

/** Every item is known by an id of its own wherever it is told of. */
function isNamed(events: readonly Sent[]): boolean {
  const ids = new Map<unknown, unknown>()
  for (const { data } of events) {
    if (typeof data === 'string' || data['output_index'] === undefined) continue
    const id = data['item_id'] ?? objectIn(data, 'item')?.['id']
    if (typeof id !== 'string' || id === '') return false
    if ((ids.get(id) ?? data['output_index']) !== data['output_index']) return false
    ids.set(id, data['output_index'])
  }
  return new Set(ids.values()).size === ids.size
}

const endings = /^response\.(completed|incomplete|failed)$/

/** The complete response lists every item that was told of. */
function isListed(events: readonly Sent[]): boolean {
  const end = events.find(({ data }) => typeOf(data) === 'response.completed')?.data as Fields
  const done = events.filter(({ data }) => typeOf(data) === 'response.output_item.done').length
  return done > 0 && listIn(objectIn(end, 'response'), 'output').length === done
}

const isDone = (type: string): boolean => type === 'response.output_item.done'

/** Only the end tells that the item is complete. */
function isLeftOpen({ data }: Sent): boolean {
  return isDone(typeOf(data)) && objectIn(data, 'item')?.['status'] === 'in_progress'
}

/** Only an id tells which item is meant. */
function isUnplaced({ data }: Sent): boolean {
  return typeof data !== 'string' && 'item_id' in data && data['output_index'] === undefined
}

export const responsesQuirks: readonly Quirk[] = [
  perEvent('no numbers of events', (data) => {
    delete data['sequence_number']
  }),
  perEvent('numbers that stand still, and padding', (data) => ({
    ...data,
    sequence_number: 0,
    obfuscation: 'aB3',
  })),
  typesInNames,
  perEvent('unknown events', (data) => [
    { type: 'response.reasoning_part.added', output_index: 0, item_id: 'x', part: {} },
    { type: 'response.tomorrow.delta', output_index: 0, item_id: 'x', delta: 'x' },
    { type: 'keepalive', sequence_number: 3 },
    data,
  ]),
  without('no deltas', (type) => type.endsWith('.delta'), isDone),
  without(
    'no events of parts',
    (type) => type.includes('_part.') || (type.endsWith('.done') && !isDone(type)),
    isDone,
  ),
  without('no announcements of items', (type) => type === 'response.output_item.added', isDone),
  without('no beginning', (type) => /^response\.(created|in_progress|queued)$/.test(type), isDone),
  {
    name: 'nothing but the end',
    except: ['reasoning', 'opaque', 'images'],
    change: (events) =>
      isListed(events) ? events.filter(({ data }) => endings.test(typeOf(data))) : undefined,
  },
  {
    name: 'an end that lists no items',
    except: ['opaque'],
    change: (events) =>
      events.some(({ data }) => isDone(typeOf(data))) && !events.some(isLeftOpen)
        ? eachObject(events, (data) => {
            const response = objectIn(data, 'response')
            if (endings.test(typeOf(data)) && response !== undefined) response['output'] = []
          })
        : undefined,
  },
  {
    name: 'other ids in every event',
    except: ['opaque'],
    change: (events) =>
      events.some(isUnplaced)
        ? undefined
        : eachObject(events, (data, at) => {
            const response = objectIn(data, 'response')
            if (response !== undefined) response['id'] = `r${at}`
            if ('item_id' in data) data['item_id'] = `i${at}`
            for (const [place, item] of itemsOf(data).entries()) item['id'] = `o${at}_${place}`
          }),
  },
  {
    name: 'no places',
    change: (events) =>
      isNamed(events)
        ? eachObject(events, (data) => {
            delete data['output_index']
          })
        : undefined,
  },
  {
    name: 'places that are texts',
    change: (events) =>
      isNamed(events)
        ? eachObject(events, (data) => {
            if ('output_index' in data) data['output_index'] = String(data['output_index'])
          })
        : undefined,
  },
  perEvent(
    'no states of items that are complete',
    (data) => {
      for (const item of itemsOf(data)) if (item['status'] === 'completed') delete item['status']
    },
    ['opaque'],
  ),
  {
    name: 'items that are in progress until the end',
    except: ['opaque'],
    change: (events) =>
      isListed(events)
        ? eachObject(events, (data) => {
            const item = objectIn(data, 'item')
            const isCall = item?.['type'] === 'function_call' && item['caller'] == null
            if (isCall && item['status'] === 'completed') item['status'] = 'in_progress'
          })
        : undefined,
  },
  perEvent('arguments as JSON in the items', (data) => {
    for (const item of itemsOf(data)) {
      const text = item['arguments']
      if (item['type'] !== 'function_call' || typeof text !== 'string') continue
      try {
        item['arguments'] = JSON.parse(text)
      } catch {
        // not told yet
      }
    }
  }),
  perEvent('arguments written with other spaces in the end', (data) => {
    for (const item of listIn(objectIn(data, 'response'), 'output')) {
      const text = item['arguments']
      if (item['type'] !== 'function_call' || typeof text !== 'string' || text === '') continue
      try {
        item['arguments'] = JSON.stringify(JSON.parse(text), undefined, 3)
      } catch {
        // cut
      }
    }
  }),
  perEvent('counts as texts', (data) => {
    const usage = objectIn(objectIn(data, 'response'), 'usage') ?? {}
    for (const [key, value] of Object.entries(usage)) {
      if (typeof value === 'number') usage[key] = String(value)
    }
  }),
]
