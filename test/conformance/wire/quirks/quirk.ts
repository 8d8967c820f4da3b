export type Fields = Record<string, unknown>

/** One server-sent event; its data is a text where it is no JSON object. */
export interface Sent {
  readonly name?: string
  readonly data: Fields | string
}

/** Members of what an answer comes to. */
export type Aspect = 'ids' | 'opaque' | 'reasoning' | 'raw' | 'tokens' | 'cost' | 'images'

/** A way in which endpoints of a wire differ without meaning anything else. */
export interface Quirk {
  readonly name: string
  /** The events with the quirk; undefined for an answer that cannot have it. */
  change(events: readonly Sent[]): readonly Sent[] | undefined
  /** What the quirk does change. */
  readonly except?: readonly Aspect[]
  /** Whether only answers that end well can have it. */
  readonly ofGoodEnds?: boolean
}

/** Changes every event whose data is an object; `change` gets a copy it may write to. */
export function eachObject(
  events: readonly Sent[],
  change: (data: Fields, at: number) => Fields | readonly Fields[] | void,
): readonly Sent[] {
  return events.flatMap((event, at) => {
    if (typeof event.data === 'string') return [event]
    const copy = structuredClone(event.data)
    const changed = change(copy, at) ?? copy
    // events that are added have no name
    const isAdded = (data: Fields): boolean =>
      Array.isArray(changed) && data['type'] !== copy['type']
    return [changed].flat().map((data) => (isAdded(data) ? { data } : { ...event, data }))
  })
}

/** A quirk of single events. */
export function perEvent(
  name: string,
  change: (data: Fields, at: number) => Fields | readonly Fields[] | void,
  except: readonly Aspect[] = [],
): Quirk {
  return { name, except, change: (events) => eachObject(events, change) }
}

/** Changes every object of a value, from the inside out. */
export function everywhere(
  value: unknown,
  change: (object: Fields) => Fields,
  isSkipped: (key: string) => boolean = () => false,
): unknown {
  if (Array.isArray(value)) return value.map((each) => everywhere(each, change, isSkipped))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [
    key,
    isSkipped(key) ? member : everywhere(member, change, isSkipped),
  ])
  return change(Object.fromEntries(entries))
}

export function listIn(holder: unknown, key: string): Fields[] {
  const value = (holder as Fields | null | undefined)?.[key]
  return Array.isArray(value) ? (value as Fields[]) : []
}

export function objectIn(holder: unknown, key: string): Fields | undefined {
  const value = (holder as Fields | null | undefined)?.[key]
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined
}

const extra = { x_unknown: { type: 'x', error: null, delta: { content: 'x' }, choices: [] }, x: 7 }

/** What data holds that is sent back as it came: an unknown member would be part of it. */
const kept = [
  'arguments',
  'reasoning_details',
  'extra_content',
  'usage',
  'item',
  'output',
  'content_block',
]

function needsName({ name, data }: Sent): boolean {
  if (name === undefined || name === 'error' || typeof data === 'string') return false
  return data['type'] === undefined && data['choices'] === undefined
}

/** Quirks that every wire can have. */
export const commonQuirks: readonly Quirk[] = [
  { name: 'written anew', change: (events) => events },
  perEvent(
    'another order of members',
    (data) =>
      everywhere(data, (object) =>
        Object.fromEntries(Object.entries(object).toReversed()),
      ) as Fields,
    ['opaque'],
  ),
  perEvent(
    'unknown members',
    (data) =>
      everywhere(
        data,
        (object) => ({ ...extra, ...object, y: null }),
        (key) => kept.includes(key),
      ) as Fields,
    ['opaque'],
  ),
  perEvent('an error that is null', (data) => ({ ...data, error: data['error'] ?? null })),
  perEvent('an error that is empty', (data) => ({ ...data, error: data['error'] ?? '' })),
  perEvent('an error that is false', (data) => ({ ...data, error: data['error'] ?? false })),
  {
    name: 'no names of events',
    change: (events) =>
      events.some(needsName)
        ? undefined
        : events.map(({ name, data }) => (name === 'error' ? { name, data } : { data })),
  },
  {
    name: 'pings everywhere',
    change: (events) =>
      events.flatMap((event) => [{ name: 'ping', data: { type: 'ping', cost: '0' } }, event]),
  },
  {
    name: 'an end mark twice',
    ofGoodEnds: true,
    change: (events) => [...events, { data: '[DONE]' }, { data: '[DONE]' }],
  },
]

/** Events with several quirks; undefined where one of them does not fit. */
export function changedBy(
  events: readonly Sent[],
  quirks: readonly Quirk[],
): readonly Sent[] | undefined {
  let changed: readonly Sent[] | undefined = events
  for (const quirk of quirks) changed = changed && quirk.change(changed)
  return changed
}

/** Of the wires whose events have a type and a name. */
export const typesInNames: Quirk = {
  name: 'types in the names of events only',
  change: (events) =>
    events.map(({ name, data }) => {
      if (typeof data === 'string' || typeof data['type'] !== 'string')
        return { ...(name && { name }), data }
      const { type, ...rest } = data
      return { name: type, data: rest }
    }),
}
