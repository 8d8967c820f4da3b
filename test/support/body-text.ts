import type { BodyText } from '../../src/wire/growing-text.ts'

/** The text of a body, however it is sent. */
export function bodyText(body: BodyText): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString()
}
