import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { hasInvisible } from '../../src/gate/detect/invisible.ts'
import { occursIn, packs } from '../../src/gate/detect/packs.ts'
import { findCards, findIbans, findPhones } from '../../src/gate/detect/personal.ts'
import { createSecretDetector } from '../../src/gate/detect/secrets.ts'

const modules = new URL('../../node_modules/', import.meta.url)

/** Paragraphs of the documentation of packages: English full of code, the hardest honest text. */
function paragraphs(): readonly string[] {
  const packages = ['undici', 'commander', 'ajv', 'yaml', 'fast-check', 'jose', 'parse5', 'zod']
  return packages.flatMap((name) => {
    const folder = new URL(`${name}/`, modules)
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(md|txt)$/.test(path) || path.endsWith('LICENSE'))
      .flatMap((path) => readFileSync(new URL(path, folder), 'utf8').split(/\n\s*\n/))
  })
}

const detectSecrets = createSecretDetector()

/** What is found in honest text, at most, in a thousand paragraphs. */
const bounds: readonly (readonly [string, (text: string) => boolean, number])[] = [
  ['secrets', (text) => detectSecrets(text).length > 0, 0.5],
  ['invisible', hasInvisible, 1],
  ['sql', (text) => occursIn(packs.sql, text), 1],
  ['shell', (text) => occursIn(packs.shell, text), 5],
  ['html', (text) => occursIn(packs.html, text), 10],
  ['template', (text) => occursIn(packs.template, text), 20],
  ['card', (text) => findCards(text).length > 0, 0.5],
  ['iban', (text) => findIbans(text).length > 0, 0.5],
  ['phone', (text) => findPhones(text).length > 0, 1],
]

const texts = paragraphs()

test.each(bounds)('%s takes little honest text for something else', (name, finds, perThousand) => {
  const found = texts.filter(finds)
  console.log(`${name}: ${found.length} of ${texts.length} paragraphs`)
  expect(texts.length).toBeGreaterThan(3000)
  expect((1000 * found.length) / texts.length).toBeLessThanOrEqual(perThousand)
})
