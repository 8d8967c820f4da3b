import { readFileSync } from 'node:fs'
import type { JsonObject, JsonValue } from '../../src/base/json.ts'
import { eventSchema, isRecorded } from '../../src/report/event-shape.ts'

const file = new URL('../../src/report/report.schema.json', import.meta.url)
const report = JSON.parse(readFileSync(file, 'utf8')) as JsonObject & { $defs: JsonObject }

const types = [
  'run-start',
  'turn-start',
  'tool-call',
  'decision',
  'approval-request',
  'approval-decision',
  'execution-start',
  'execution-progress',
  'tool-result',
  'retry',
  'fallback',
  'usage',
  'limit',
  'turn-end',
  'error',
  'end',
] as const

type Shape = JsonObject & { properties: JsonObject; required: readonly string[] }

const digest: JsonObject = { $ref: '#/$defs/digest' }

/** What the chain adds to an event, and what of an event has no place in a line. */
const linkOf: JsonObject = {
  v: { const: 1 },
  prev: digest,
  eventSeq: { type: 'integer', minimum: 0 },
}

/** Members that stand in the payload of a record: what people, models and tools said. */
const said: Readonly<Record<string, readonly string[]>> = {
  'approval-decision': ['reason'],
  'tool-result': ['content', 'error'],
  'tool-call': ['rawArgs'],
}

interface Members {
  readonly required?: JsonObject
  readonly optional?: JsonObject
}

const text: JsonObject = { type: 'string' }
const messages: JsonObject = { type: 'array', items: { type: 'object' } }
const digests: JsonObject = { type: 'object', additionalProperties: digest }
const ofEndpoint: JsonObject = {
  status: { type: 'integer' },
  providerCode: text,
  retryAfterMs: { type: 'number', minimum: 0 },
}

/** What lines of records hold beside that by which they are read. */
const kept: Readonly<Record<string, Members>> = {
  'run-start': {
    required: { limits: { type: 'object', additionalProperties: { type: 'number' } } },
  },
  'tool-result': { optional: { resolvedBy: text } },
  error: { optional: { details: true, ...ofEndpoint } },
}

/** What events hold beside that: what people, models and tools said. */
const told: Readonly<Record<string, Members>> = {
  'run-start': { required: { messages }, optional: { definitions: digests } },
  'turn-start': {
    optional: {
      said: messages,
      sent: { type: 'array', items: { type: ['integer', 'object'] } },
      settings: { type: 'object' },
    },
  },
  'tool-call': { required: { args: true, rawArgs: text } },
  'approval-request': { required: { args: true } },
  'approval-decision': { optional: { args: true } },
  'execution-progress': { required: { value: true } },
  'tool-result': { required: { content: text }, optional: { result: true } },
  usage: {
    required: { message: { type: ['object', 'null'] } },
    optional: { finishReason: { type: 'object' }, foreignMessages: messages },
  },
}

function withMembers(shape: Shape, { required = {}, optional = {} }: Members = {}): Shape {
  return {
    ...shape,
    properties: { ...shape.properties, ...required, ...optional },
    required: [...shape.required, ...Object.keys(required)],
  }
}

const delta = (type: string): JsonObject => ({
  type: 'object',
  properties: { ...base(type), text: { type: 'string' } },
  required: [...Object.keys(base(type)), 'text'],
})

function base(type: string): JsonObject {
  const { runId, seq, turn, at } = shapeOf('turn-start').properties
  return { type: { const: type }, runId: runId!, seq: seq!, turn: turn!, at: at! }
}

function shapeOf(type: string): Shape {
  if (!isRecorded(type)) throw new Error(`\`${type}\` is not recorded`)
  const json = JSON.stringify(eventSchema(type)).replaceAll('urn:sallyport:report:1#', '#')
  const shape = JSON.parse(json) as Shape
  const properties = { ...shape.properties, type: { const: type } }
  return { ...shape, properties, required: ['type', ...shape.required] }
}

function eventOf(type: string): JsonObject {
  return withMembers(withMembers(shapeOf(type), kept[type]), told[type])
}

function recordOf(type: string): JsonObject {
  const shape = withMembers(shapeOf(type), kept[type])
  const inLine = Object.entries(shape.properties).filter(([name]) => !said[type]?.includes(name))
  return {
    ...shape,
    properties: {
      ...Object.fromEntries(inLine),
      ...linkOf,
      payload: digest,
    },
    required: [...shape.required, ...Object.keys(linkOf)],
  }
}

function schemaOf(
  name: string,
  about: { readonly title: string; readonly description: string },
  shapes: Readonly<Record<string, JsonObject>>,
): string {
  const used = usedBy(Object.values(shapes))
  const definitions = Object.entries(report.$defs).filter(([key]) => used.has(key))
  const schema: JsonObject = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:sallyport:${name}:1`,
    ...about,
    oneOf: Object.keys(shapes).map((type) => ({ $ref: `#/$defs/${type}-${name}` })),
    // `decision` is a part of events and a type of them
    $defs: { ...Object.fromEntries(definitions), ...named(shapes, name) },
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

function named(shapes: Readonly<Record<string, JsonObject>>, suffix: string): JsonObject {
  return Object.fromEntries(
    Object.entries(shapes).map(([type, shape]) => [`${type}-${suffix}`, shape]),
  )
}

/** The definitions of the report that some schemas name, and those that these name. */
function usedBy(schemas: readonly JsonValue[]): ReadonlySet<string> {
  const found = new Set<string>()
  let todo = JSON.stringify(schemas)
  for (;;) {
    const names = [...todo.matchAll(/#\/\$defs\/(\w+)/g)].map(([, name]) => name!)
    const fresh = names.filter((name) => !found.has(name))
    if (fresh.length === 0) return found
    for (const name of fresh) found.add(name)
    todo = JSON.stringify(fresh.map((name) => report.$defs[name] ?? null))
  }
}

/** The published schemas that follow from what the library itself reads records by. */
export const publishedSchemas: Readonly<Record<'event' | 'record', string>> = {
  event: schemaOf(
    'event',
    {
      title: 'Event of a sallyport run',
      description:
        'One line of `sallyport run --events`, one item of a run that is iterated. Members that are not named here may be added.',
    },
    {
      ...Object.fromEntries(types.map((type) => [type, eventOf(type)])),
      'text-delta': delta('text-delta'),
      'reasoning-delta': delta('reasoning-delta'),
    },
  ),
  record: schemaOf(
    'record',
    {
      title: 'Record of a sallyport journal',
      description:
        'One line of a journal, as it is hashed: canonical JSON (RFC 8785). What was said stands apart under the digest `payload`. Members that are not named here may be added.',
    },
    Object.fromEntries(types.map((type) => [type, recordOf(type)])),
  ),
}
