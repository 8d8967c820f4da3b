import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { readPolicy } from '../../../src/policy/read.ts'

test('a simple policy is read without the library, and any other with it', () => {
  const { cache } = createRequire(import.meta.url)
  const isLoaded = (): boolean =>
    Object.keys(cache).some((file) => file.replaceAll('\\', '/').includes('/yaml/dist/'))
  const head = 'sallyport: 1\nname: t\n'
  expect(
    readPolicy(`${head}rules:\n  - id: a\n    allow: [x]\n`, { file: 'p' }).rules,
  ).toHaveLength(1)
  expect(isLoaded()).toBe(false)
  expect(
    readPolicy(`${head}rules:\n  -\n    id: a\n    allow: [x]\n`, { file: 'p' }).rules,
  ).toHaveLength(1)
  expect(isLoaded()).toBe(true)
})
