import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: { conditions: ['sallyport-source'] },
  ssr: { resolve: { conditions: ['sallyport-source'] } },
  test: {
    root: here('../..'),
    setupFiles: [here('setup.ts')],
    include: ['test/browser/**/*.test.ts'],
    // only for what hangs: a busy machine has taken 240 s for the longest of them
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // one browser at a time: what is timed is not disturbed
    fileParallelism: false,
  },
})
