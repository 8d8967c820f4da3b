import { setFlagsFromString } from 'node:v8'

/**
 * For commands that read much and keep little: new objects get 1 MiB before they are looked through,
 * not up to 32, and old ones a fifth more than were in use, not up to three times as much again. Costs
 * a third more time of the processor and saves 50 to 170 MB.
 */
export function useSmallHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
}
