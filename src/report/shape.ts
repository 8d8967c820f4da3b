import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { Lazy } from '../base/lazy.ts'
import { shorten } from '../base/text.ts'
import { eventSchema, isRecorded } from './event-shape.ts'

/** Tells what is wrong with the shape of a value; undefined when nothing is. */
export type ShapeCheck = (value: unknown) => string | undefined

/** The published schema, compiled when the first report is read. */
const ajv = new Lazy<Ajv2020>(async () => {
  const [{ Ajv2020: Ajv }, { default: schema }] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('./report.schema.json', { with: { type: 'json' } }),
  ])
  return new Ajv({ strict: true }).addSchema(schema)
})

/** Checks a report against `report.schema.json`. */
export async function reportShape(): Promise<ShapeCheck> {
  const loaded = await ajv.load()
  return (value) => problem(loaded.getSchema('urn:sallyport:report:1')!, value)
}

/** Checks a row of a report, or a model call of one. */
export async function partShape(part: 'row' | 'modelCall'): Promise<ShapeCheck> {
  const loaded = await ajv.load()
  return (value) => problem(loaded.getSchema(`urn:sallyport:report:1#/$defs/${part}`)!, value)
}

/** Checks an event of a journal; members that were erased with their payload may be missing. */
export async function eventShape(): Promise<ShapeCheck> {
  const loaded = await ajv.load()
  return (event) => {
    const { type } = event as { readonly type?: unknown }
    if (!isRecorded(type)) return `\`${typeName(type)}\` is no type of record`
    // only now, for what stands in a type may be an address of something else
    const $id = `urn:sallyport:event:1:${type}`
    const validate = loaded.getSchema($id) ?? loaded.compile({ ...eventSchema(type), $id })
    return problem(validate, event)
  }
}

/** The type of a record as it can be shown, whatever stands there. */
export function typeName(type: unknown): string {
  return typeof type === 'string' ? shorten(type, 40) : 'no text'
}

function problem(validate: ValidateFunction, value: unknown): string | undefined {
  if (validate(value)) return undefined
  // of several alternatives the one that went furthest was meant
  const [first, ...others] = validate.errors as readonly ErrorObject[]
  const deepest = others.reduce(
    (best, error) => (error.instancePath.length > best.instancePath.length ? error : best),
    first!,
  )
  const { instancePath, message, params } = deepest
  const { additionalProperty: extra, allowedValues: allowed } = params as {
    readonly additionalProperty?: string
    readonly allowedValues?: readonly unknown[]
  }
  const more = extra === undefined ? '' : `: \`${shorten(extra, 40)}\``
  const list = allowed === undefined ? '' : `: ${allowed.join(', ')}`
  const place = instancePath === '' ? 'it' : `\`${shorten(instancePath, 200)}\``
  return `${place} ${message ?? 'is wrong'}${more}${list}`
}
