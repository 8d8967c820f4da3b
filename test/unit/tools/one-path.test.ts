import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const source = new URL('../../../src/', import.meta.url)
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(new URL(file, source), 'utf8') }))

/** The files that name something they do not declare themselves. */
function usersOf(name: string): readonly string[] {
  return files
    .filter(({ text }) => new RegExp(`\\b${name}\\b`).test(text))
    .filter(({ text }) => !text.includes(`export function ${name}(`))
    .map(({ file }) => file)
}

test.each([
  // inside, an isolated tool is carried out where it lies; its call comes from `execute` outside
  ['implementationOf', ['tools/execute.ts', 'tools/isolate/child.ts']],
  ['redeemPermit', ['tools/execute.ts']],
  ['mintPermit', ['gate/gate.ts']],
])('%s is used by %j at most', (name, allowed) => {
  expect(files.some(({ text }) => text.includes(`export function ${name}(`))).toBe(true)
  expect(usersOf(name).filter((file) => !allowed.includes(file))).toEqual([])
})

test('what carries tools out inside isolated processes is imported by nobody', () => {
  const importers = files.filter(({ text }) => /from '[^']*\/child\.ts'/.test(text))
  expect(importers).toEqual([])
  expect(files.some(({ file }) => file === 'tools/isolate/child.ts')).toBe(true)
})
