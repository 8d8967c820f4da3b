import { messageOf } from '../base/errors.ts'
import { visible } from '../base/text.ts'
import { unfailing } from '../tools/log.ts'
import type { ToolLog } from '../tools/tool.ts'

/** What has failed in plugins without ending anything: counted, and told once for each plugin. */
export class PluginFaults {
  readonly #counts = new Map<string, number>()
  readonly #log: ToolLog | undefined

  constructor(log: ToolLog | undefined) {
    this.#log = log
  }

  /** Never throws. */
  note(plugin: string, what: string, error?: unknown): void {
    const count = (this.#counts.get(plugin) ?? 0) + 1
    this.#counts.set(plugin, count)
    if (count > 1) return
    const why = error === undefined ? '' : `: ${visible(messageOf(error))}`
    const message = `plugin \`${plugin}\`: ${what}${why}; told once, later faults are only counted`
    if (this.#log === undefined) process.emitWarning(message)
    else unfailing(this.#log)(message, { plugin })
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
