import { defineConfig } from 'vitest/config'

/** The tests that are to notice a change of how calls are decided; the sandbox is the root. */
export default defineConfig({
  resolve: { conditions: ['sallyport-source'] },
  ssr: { resolve: { conditions: ['sallyport-source'] } },
  test: {
    // thousands of runs: the modules are loaded once in each, not once for each file
    isolate: false,
    setupFiles: ['test/config/setup.ts'],
    include: [
      'test/unit/{policy,gate}/**/*.test.ts',
      'test/unit/loading/{extends,times,variables}.test.ts',
      'test/conformance/attacks/{matching,policy-file}.test.ts',
      'test/property/policy/semantics.test.ts',
    ],
    // needs a process in which nothing else has loaded the library
    exclude: ['test/unit/policy/yaml-library.test.ts'],
    testTimeout: 60_000,
  },
})
