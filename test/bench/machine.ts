import { cpus, loadavg, release, totalmem } from 'node:os'

/** Where and when the figures were taken. */
export interface Machine {
  readonly date: string
  readonly node: string
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  /** One-minute load at the start: figures of a loaded machine are worth less. */
  readonly load: number
}

export function machine(): Machine {
  const processors = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    load: loadavg()[0]!,
  }
}
