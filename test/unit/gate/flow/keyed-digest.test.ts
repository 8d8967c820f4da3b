import { expect, test } from 'vitest'
import { keyedDigest, sipHash } from '../../../../src/gate/flow/keyed-digest.ts'

// the reference vectors of SipHash-2-4: key 00 01 … 0f, input 00 01 …, by the length of the input
test.each([
  [0, '310e0edd47db6f72'],
  [2, '5a4fa9d909806c0d'],
  [4, 'b7877127e09427cf'],
  [6, 'cee3fe586e46c9cb'],
  [8, '6224939a79f5f593'],
  [10, 'f3b9dd94c5bb5d7a'],
  [12, 'fbe50e86bc8f1e75'],
  [14, 'eef27a8e90ca23f7'],
])('%i bytes have the digest of the reference, cut to 48 bits', (length, hex) => {
  const digest = sipHash(Buffer.from(Array.from({ length: 16 }, (_, at) => at)))
  const text = Buffer.from(Array.from({ length }, (_, at) => at)).toString('utf16le')
  expect(digest(text)).toBe(Buffer.from(hex, 'hex').readUIntLE(0, 6))
})

test('a digest depends on the key, on every character and on the length', () => {
  const texts = [
    '',
    '\0',
    '\0\0',
    'word',
    'words',
    'sword',
    'word\0',
    `${'x'.repeat(300)}a`,
    `${'x'.repeat(300)}b`,
  ]
  const digests = ['k', 'l'].flatMap((key) => texts.map(keyedDigest(key)))
  expect(new Set(digests).size).toBe(digests.length)
})

test('lone surrogates are one with the character that replaces them', () => {
  const digest = keyedDigest('k')
  expect(digest('a\ud800b')).toBe(digest('a\ufffdb'))
  expect(digest('a\u{1f600}b')).not.toBe(digest('a\ufffd\ufffdb'))
})
