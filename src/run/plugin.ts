import type { Clock } from '../base/clock.ts'
import type { GateHook } from '../gate/hooks.ts'
import type { RunEvent } from '../protocol/run-event.ts'
import type { Tool, ToolDefinition, ToolLog } from '../tools/tool.ts'
import type { ToolWrapper } from '../tools/wrap.ts'
import type { ModelWrapper } from './plugin-model.ts'

/**
 * Something that is added to a runtime: what it sets up sees runs (observer), surrounds what they do
 * (wrapper) or decides beside the policy (gate hook). Plugins are set up in their order with the
 * first run or `ready()`, and disposed of in the reverse order when the runtime is closed.
 */
export interface Plugin {
  /**
   * 1 to 64 characters out of `A-Z a-z 0-9 . _ -`, the first a letter or digit; no other plugin of
   * the runtime has it. Decisions and logs show it.
   */
  readonly name: string
  /** Has 30 s. What it throws is a `bad-plugin`, and what was set up before it is disposed of. */
  setup(context: PluginContext): PluginParts | void | Promise<PluginParts | void>
  /** The tools of the runtime in place of the given ones; they are under the policy like all. */
  tools?(given: readonly Tool[]): Listed | Promise<Listed>
  /** Has 5 s. What it throws is counted as a fault. */
  dispose?(): void | Promise<void>
}

type Listed = readonly (Tool | ToolDefinition)[]

/** What a plugin is told of its runtime. */
export interface PluginContext {
  readonly clock: Clock
  /** Writes to the log of the host, if it has one. */
  readonly log: ToolLog
  /** How often parts of plugins have failed so far, by plugin. */
  faults(): Readonly<Record<string, number>>
}

/** What a plugin brings. Among plugins of a runtime the first is asked first and stands outermost. */
export interface PluginParts {
  /**
   * Sees each event of each run as whoever iterates a run does, sensitive arguments redacted, in a
   * frozen copy. Nobody waits for it. What it throws or rejects with is counted, and told once.
   */
  onEvent?(event: RunEvent): unknown
  /** Whether it sees `text-delta` and `reasoning-delta`. Default true. */
  readonly deltas?: boolean
  readonly wrapModel?: ModelWrapper
  readonly wrapTool?: ToolWrapper
  readonly gateHook?: GateHook
  /** After which a gate hook has refused. Default 5,000 ms; from 1 to 600,000. */
  readonly hookTimeoutMs?: number
}
