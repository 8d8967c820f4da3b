import { visible } from '../base/text.ts'
import type { Position } from '../protocol/decision.ts'

/** A place in a file as terminals and editors know it. */
export function placeText({ file, line, column }: Position): string {
  return `${visible(file)}:${line}:${column}`
}
