import type { ImageFacts } from '../protocol/image.ts'
import type { Cost } from '../protocol/usage.ts'

// Everything here is independent of locale and time zone, so that the same report gives the same
// bytes on every machine.

/** `940 ms`, `1.24 s`, `3 m 04 s`, `2 h 05 m`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(2)} s`
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${twoDigits(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${twoDigits(Math.floor(seconds / 60) % 60)} m`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

/** `$0.0123 (provider)`: the amount and where it came from; `at least $0.0123` of a part is known. */
export function formatCost({ amount, source }: Cost): string {
  if (source === 'unknown' && amount === 0) return 'unknown'
  const dollars = `$${amount.toFixed(amount < 0.01 ? 6 : 4)}`
  return source === 'unknown' ? `at least ${dollars}` : `${dollars} (${source})`
}

/** `940 B`, `12.3 KiB`, `4.0 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

/** `1,234,567`. */
export function formatNumber(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `1 call`, `2 calls`. */
export function plural(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `image/png, 12.3 KiB`, or `link to images.example`. */
export function formatImage({ mediaType, bytes, host }: ImageFacts): string {
  if (host !== undefined) return `link to ${host}`
  return `${mediaType ?? 'picture'}${bytes === undefined ? '' : `, ${formatBytes(bytes)}`}`
}
