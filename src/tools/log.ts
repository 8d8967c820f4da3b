import { callUnheeded } from '../base/signal.ts'
import type { ToolLog } from './tool.ts'

const silent: ToolLog = () => {}

/** The log of a host, which fails unheard: there is nowhere left to say so. */
export function unfailing(log: ToolLog | undefined): ToolLog {
  if (log === undefined) return silent
  return (message, data) => callUnheeded(() => log(message, data))
}
