import { SallyportError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

/** Throws `bad-option` for members of a request body that a wire reserves for itself. */
export function checkExtra(extra: JsonObject | undefined, reserved: readonly string[]): void {
  const name = reserved.find((key) => extra !== undefined && Object.hasOwn(extra, key))
  if (name === undefined) return
  throw new SallyportError('bad-option', `the extra member \`${name}\` cannot be replaced`, {
    help: `leave \`${name}\` out; allowed are all members but ${reserved.join(', ')}`,
  })
}
