import { isObject } from '../base/json.ts'

/** The members of a line; none of one that is no JSON object, such as one that a crash has torn. */
export function membersOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
