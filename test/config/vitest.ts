import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['sallyport-source'] },
  ssr: { resolve: { conditions: ['sallyport-source'] } },
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/{unit,property,conformance,e2e}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
