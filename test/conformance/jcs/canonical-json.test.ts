import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../../src/base/digest.ts'

const data = new URL('testdata/', import.meta.url)
const files = readdirSync(new URL('input/', data))

test('all vectors are there', () => {
  expect(files.toSorted()).toEqual([
    'arrays.json',
    'french.json',
    'structures.json',
    'unicode.json',
    'values.json',
    'weird.json',
  ])
})

test.each(files)('%s has the canonical bytes of the vector', (file) => {
  const text = canonicalJson(JSON.parse(readFileSync(new URL(`input/${file}`, data), 'utf8')))
  const bytes = readFileSync(new URL(`output/${file}`, data))
  const hex = readFileSync(new URL(`outhex/${file.replace('.json', '.txt')}`, data), 'utf8')
  expect(Buffer.from(text)).toEqual(bytes)
  expect(bytes.toString('hex')).toBe(hex.replaceAll(/\s/g, ''))
})
