import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

// The same tree has the same result: properties are tried from one seed, and from others by
// `npm run test:properties`. Only files that have properties pay for loading the library.
const { testPath } = expect.getState()
if (testPath !== undefined && readFileSync(testPath, 'utf8').includes("'fast-check'")) {
  const { configureGlobal } = await import('fast-check')
  configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 1) })
}
