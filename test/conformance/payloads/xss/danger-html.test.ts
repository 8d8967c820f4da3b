import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { occursIn, packs } from '../../../../src/gate/detect/packs.ts'

/** Fragments for inside of a script, and lines a reader would have to decode first. */
const missed: Readonly<Record<string, number>> = {
  IntrudersXSS: 13,
  RSNAKE_XSS: 4,
  XSS_Polyglots: 0,
}

test.each(Object.keys(missed))('the pack `html` finds what is active in %s', (name) => {
  const text = readFileSync(new URL(`./${name}.txt`, import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const quiet = lines.filter((line) => !occursIn(packs.html, line))
  console.log(`${name}: ${lines.length} lines, ${lines.length - quiet.length} found`)
  expect(quiet.length).toBeLessThanOrEqual(missed[name]!)
})
