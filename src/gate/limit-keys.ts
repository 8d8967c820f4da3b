import { pointerOf } from '../base/json.ts'
import type { ApplicableLimit, LimitOwner } from './limits.ts'

const ownerParts: Readonly<
  Record<ApplicableLimit['per'], (owner: LimitOwner) => readonly (string | undefined)[]>
> = {
  session: ({ session }) => [session],
  subject: ({ principal }) => [principal?.issuer, principal?.subject],
  agent: ({ principal }) => [principal?.issuer, principal?.agent],
  tenant: ({ principal }) => [principal?.issuer, principal?.tenant],
  global: () => [],
}

/** What tells one owner of a limit from others. */
export function ownerKey({ per }: ApplicableLimit, owner: LimitOwner): string {
  return JSON.stringify(ownerParts[per](owner))
}

/**
 * What tells the counters of a limit from those of others, as a JSON text. A limit that counts
 * something else under an id it had before counts it from now on; files of one policy may use the
 * same id.
 */
export function limitKey(limit: ApplicableLimit): string {
  return keyIn(limit.position.file, limit)
}

/** Processes name the file of a policy from the folders they are in, which must not set them apart. */
export function sharedKey(limit: ApplicableLimit, owner: LimitOwner): string {
  const file = limit.position.file.replace(/^.*[/\\]/, '')
  return keyIn(file, limit) + ownerKey(limit, owner)
}

function keyIn(file: string, { id, per, count, sum, windowMs }: ApplicableLimit): string {
  const counted = `${file} ${count} ${windowMs}${sum === undefined ? '' : ` ${pointerOf(sum)}`}`
  return JSON.stringify([id, counted, per])
}
