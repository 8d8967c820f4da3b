import { SallyportError } from './errors.ts'

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const pattern = /^([1-9][0-9]{0,5})(ms|s|m|h|d)$/

/** Milliseconds of a duration such as `500ms`, `30s`, `15m`, `12h` or `7d`; undefined if malformed. */
export function readDuration(text: string): number | undefined {
  const match = pattern.exec(text)
  return match === null ? undefined : Number(match[1]) * units[match[2] as keyof typeof units]
}

/** Like `readDuration`, but throws `bad-option`. */
export function parseDuration(text: string): number {
  const milliseconds = readDuration(text)
  if (milliseconds === undefined) {
    throw new SallyportError('bad-option', `\`${text}\` is not a duration`, {
      help: 'write a whole number and one of ms, s, m, h, d, such as `30s`',
    })
  }
  return milliseconds
}
