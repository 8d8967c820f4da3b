import type { JsonPrimitive } from '../../base/json.ts'
import type { Endorsement } from '../../protocol/facts.ts'
import { linksIn } from './links.ts'
import type { Shape } from './shape.ts'

const identifier = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/
const date = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/

const shapes: Readonly<Record<Exclude<Endorsement, 'enum'>, (value: JsonPrimitive) => boolean>> = {
  identifier: (value) =>
    typeof value === 'string' && identifier.test(value) && linksIn(value).length === 0,
  integer: (value) =>
    Number.isInteger(value) || (typeof value === 'string' && /^-?\d{1,15}$/.test(value)),
  number: (value) =>
    typeof value === 'number' ||
    (typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value)),
  boolean: (value) => typeof value === 'boolean' || value === 'true' || value === 'false',
  date: (value) => typeof value === 'string' && date.test(value),
}

/**
 * Whether a value is too small to hold an instruction: an `identifier` has at most 32 letters,
 * digits, `_`, `.` and `-`, begins with a letter or digit and is no host name, numbers have at most
 * 15 digits on either side, dates are written as in RFC 3339, and `enum` are the values that the
 * output schema lists at this place.
 */
export function hasShape(endorse: Endorsement, value: JsonPrimitive, shape: Shape): boolean {
  return endorse === 'enum' ? shape.lists(value) : shapes[endorse](value)
}
