import { messageOf } from '../base/errors.ts'
import { visible } from '../base/text.ts'
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
    try {
      if (this.#log === undefined) process.emitWarning(message)
      else this.#log(message, { plugin })
    } catch {
      // there is nowhere left to say that the log itself fails
    }
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
