import { SallyportError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import type { ToolCall } from '../protocol/call.ts'
import type { Principal } from '../protocol/principal.ts'
import type { ToolAccess } from './access/area.ts'
import type { Refine } from './output.ts'
import type { Tool } from './tool.ts'

/** What a permit allows: this call, of this tool, with these arguments, for this caller. */
export interface Grant {
  readonly call: ToolCall
  readonly tool: Tool
  readonly args: JsonObject
  readonly principal: Principal | null
  /** Milliseconds it may take, never more than the tool itself allows. */
  readonly timeoutMs: number
  /** What the tool may open and fetch by itself; undefined for nothing. */
  readonly access?: ToolAccess | undefined
  /** What the policy takes out of everything the tool returns; undefined for nothing. */
  readonly refine?: Refine | undefined
}

/** Without a time the tool has its own. */
export type GrantRequest = Omit<Grant, 'timeoutMs'> & { readonly timeoutMs?: number | undefined }

const grants = new WeakMap<Permit, Grant>()

class SingleUsePermit {
  readonly #call: ToolCall

  constructor(call: ToolCall) {
    this.#call = call
  }

  get callId(): string {
    return this.#call.callId
  }

  get tool(): string {
    return this.#call.tool
  }
}

/**
 * The right to carry out one call, once. It is the object itself that counts: nothing that looks
 * like a permit, and no copy of one, is one.
 */
export type Permit = SingleUsePermit

/** Only for `gate/gate.ts`. The grant is kept as it is now. */
export function mintPermit(grant: GrantRequest): Permit {
  const { call, tool, args } = grant
  if (call.tool !== tool.name || call.defect !== undefined || !Object.isFrozen(args)) {
    throw new SallyportError('internal', `a call of \`${tool.name}\` cannot be permitted like this`)
  }
  const kept = Object.freeze({ ...call })
  const permit = new SingleUsePermit(kept)
  const timeoutMs = Math.min(tool.timeoutMs, grant.timeoutMs ?? Infinity)
  grants.set(permit, Object.freeze({ ...grant, call: kept, timeoutMs }))
  Object.freeze(permit)
  return permit
}

/** Only for `execute.ts`. Throws `bad-permit` unless this is the first use of a genuine permit. */
export function redeemPermit(permit: Permit): Grant {
  const grant = grants.get(permit)
  if (grant === undefined) {
    throw new SallyportError('bad-permit', 'the permit is forged, copied or used already', {
      help: 'let the gate judge the call again',
    })
  }
  grants.delete(permit)
  return grant
}
