import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nodeWarning } from '../../../src/cli/node-version.ts'

const { engines } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { readonly engines: { readonly node: string } }

test.each(['18.20.8', '20.20.2', '22.0.0', '22.18.0'])('commands warn of Node %s', (old) => {
  const needed = engines.node.replace('>=', '')
  expect(nodeWarning(old)).toBe(`warning: Node ${needed} or later is needed, and this is ${old}\n`)
})

test.each(['22.19.0', '22.20.1', '24.0.0', '24.21.0', '26.1.0'])('Node %s is fit', (fit) => {
  expect(nodeWarning(fit)).toBe('')
})
