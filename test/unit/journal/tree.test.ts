import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/base/digest.ts'
import { inclusionPath, RecordTree, rootOfPath } from '../../../src/journal/tree.ts'

/** Inputs and tree heads that implementations of Certificate Transparency share, in hexadecimal. */
const inputs = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const heads = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

function leafOf(hex: string): string {
  return sha256(Buffer.concat([Buffer.from([0]), Buffer.from(hex, 'hex')]))
}

function rootOf(leaves: readonly string[]): string {
  const tree = new RecordTree()
  for (const leaf of leaves) tree.add(leaf)
  expect(tree.size).toBe(leaves.length)
  return tree.root()
}

const someLeaves = fc
  .array(fc.nat(), { minLength: 1, maxLength: 70 })
  .map((numbers) => numbers.map((number, index) => sha256(`${index} ${number}`)))

describe('the tree over records', () => {
  test('has the heads that other implementations have', () => {
    for (const [size, head] of heads.entries()) {
      expect(rootOf(inputs.slice(0, size).map(leafOf))).toBe(`sha256:${head}`)
    }
  })

  test('proves every leaf, and no other in its place', () => {
    fc.assert(
      fc.property(someLeaves, fc.nat(), fc.nat(), (leaves, at, other) => {
        const index = at % leaves.length
        const size = leaves.length
        const path = inclusionPath(leaves, index)
        const root = rootOf(leaves)
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)))
        expect(rootOfPath(leaves[index]!, { index, size }, path)).toBe(root)
        expect(rootOfPath(sha256('other'), { index, size }, path)).not.toBe(root)
        const place = other % size
        if (place !== index) {
          expect(rootOfPath(leaves[place]!, { index, size }, path)).not.toBe(root)
          expect(rootOfPath(leaves[index]!, { index: place, size }, path)).not.toBe(root)
        }
      }),
    )
  })

  test('has no proof that is too short, too long or beside it', () => {
    const leaves = inputs.map(leafOf)
    const path = inclusionPath(leaves, 2)
    expect(rootOfPath(leaves[2]!, { index: 2, size: 8 }, path.slice(1))).toBeUndefined()
    expect(rootOfPath(leaves[2]!, { index: 2, size: 8 }, [...path, path[0]!])).toBeUndefined()
    expect(rootOfPath(leaves[2]!, { index: 8, size: 8 }, path)).toBeUndefined()
    expect(rootOfPath(leaves[2]!, { index: -1, size: 8 }, path)).toBeUndefined()
  })
})
