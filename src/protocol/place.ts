import { visible } from '../base/text.ts'
import type { Position } from './decision.ts'

/** `file:line:column`, as terminals and editors read it; the name of the file made visible. */
export function placeText({ file, line, column }: Position): string {
  return `${visible(file)}:${line}:${column}`
}
