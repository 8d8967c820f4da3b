import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSimpleYaml } from '../../../src/policy/parse-simple-yaml.ts'
import { inOrder, parseWithLibrary } from '../../unit/policy/trees.ts'
import { changedPolicy } from './changed-policies.ts'
import { simpleText } from './yaml-texts.ts'

test('a simple text has the tree that the library gives it, with keys in order and all places', () => {
  fc.assert(
    fc.property(simpleText, (text) => {
      const tree = parseSimpleYaml(text)
      expect(tree).toBeDefined()
      expect(inOrder(tree)).toEqual(inOrder(parseWithLibrary(text)))
    }),
    { numRuns: 2000 },
  )
})

test('a policy that was changed anywhere has the tree of the library, or is left to it', () => {
  let simple = 0
  fc.assert(
    fc.property(changedPolicy, (text) => {
      const tree = parseSimpleYaml(text)
      if (tree === undefined) return
      simple++
      expect(inOrder(tree)).toEqual(inOrder(parseWithLibrary(text)))
    }),
    { numRuns: 4000 },
  )
  // nearly half of the texts are simple
  expect(simple).toBeGreaterThan(1000)
})
