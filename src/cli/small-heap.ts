import { setFlagsFromString } from 'node:v8'

/**
 * For commands that read much and keep little: new objects get 1 MiB before they are looked
 * through, not up to 32. Costs a third more time in garbage collection and saves 100 MB.
 */
export function useSmallHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
