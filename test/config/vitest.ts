import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: { conditions: ['sallyport-source'] },
  ssr: { resolve: { conditions: ['sallyport-source'] } },
  test: {
    root: here('../..'),
    setupFiles: [here('setup.ts'), here('seed.ts')],
    include: ['test/{unit,property,conformance,e2e}/**/*.test.ts'],
    // only for what hangs: some tests start a dozen processes, on machines that have other work
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
