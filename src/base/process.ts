import { hostname } from 'node:os'

/** A process, as others can tell it. */
export interface ProcessName {
  /** Name of the machine or container. */
  readonly host: string
  readonly pid: number
  /** When it started, RFC 3339: process ids are used again. */
  readonly since: string
}

/** This process. */
export function ownProcess(): ProcessName {
  const since = new Date(performance.timeOrigin).toISOString()
  return { host: hostname(), pid: process.pid, since }
}

/** Whether a process of this machine is there; one of another user is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
