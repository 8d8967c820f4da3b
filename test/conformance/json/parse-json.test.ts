import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isObject, parseJson } from '../../../src/base/json.ts'

const folder = new URL('test_parsing/', import.meta.url)
const expected = (
  JSON.parse(readFileSync(new URL('expect.json', import.meta.url), 'utf8')) as {
    cases: Record<string, string>
  }
).cases

/** The words of the table for what the parser calls differently. */
const words: Record<string, string> = {
  'too deep': 'depth',
  'duplicate key': 'dupkey',
}

// one scan finds the number before the parser finds that it stands where a key should be
expected['n_object_non_string_key_but_huge_number_instead.json'] = 'number range'

/** Read as bytes first, as a wire does; a byte order mark is kept for the parser to refuse. */
function verdict(bytes: Uint8Array): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return 'utf8'
  }
  const result = parseJson(text)
  if (result.ok) return isObject(result.value) ? 'ok-object' : 'ok-value'
  if (text.startsWith('\ufeff')) return 'bom'
  return words[result.problem] ?? result.problem
}

test('every file of the suite has an expected verdict and the other way round', () => {
  const files = readdirSync(folder)
  expect(files.length).toBe(318)
  expect(files.toSorted()).toEqual(Object.keys(expected).toSorted())
})

test.each(Object.entries(expected))('%s is %s', (file, word) => {
  expect(verdict(readFileSync(new URL(encodeURIComponent(file), folder)))).toBe(word)
})
