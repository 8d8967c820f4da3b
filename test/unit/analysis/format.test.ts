import { expect, test } from 'vitest'
import { formatPolicy } from '../../../src/analysis/format.ts'

test('words that stand for texts while a policy is printed change no comment and no value', () => {
  const words = ['placeholder', 'placeholder-x', 'sallyport-placeholder'].flatMap((word) =>
    [0, 1, 99].map((index) => `${word}-${index}-`),
  )
  const text = `sallyport: 1
name: a # ${words.join(' ')}

rules:
  - { id: one, allow: [look] }
  - id: two
    ask: [look]
    reason: ${words.join(' ')}
`
  expect(formatPolicy(text, 'a.yaml')).toBe(text)
})
