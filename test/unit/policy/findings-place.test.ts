import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../../../src/loading/file.ts'
import type { Diagnostic } from '../../../src/policy/diagnostic.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { SallyportError } from '../../../src/base/errors.ts'

function findings(text: string): readonly Diagnostic[] {
  try {
    readPolicy(text, { file: 'p.yaml' })
  } catch (error) {
    if (error instanceof SallyportError) return error.details as unknown as readonly Diagnostic[]
    throw error
  }
  return []
}

const head = 'sallyport: 1\nname: p\nroles: { desk: {} }\n'

describe('a finding', () => {
  test('about an id that is used twice names it, and where it stood first', () => {
    const [found] = findings(
      `${head}rules:\n  - { id: a, allow: [t] }\n  - { id: b, allow: [t] }\n  - { id: a, deny: [t] }\n`,
    )
    expect(found).toMatchObject({
      code: 'duplicate-id',
      message: 'the id of a rule `a` is used twice',
      help: 'choose another one; it stands in line 5 already',
      range: { start: { line: 7 } },
    })
  })

  test('about a role in a test offers no replacement for the whole test', async () => {
    const policy = await parsePolicy(
      `${head}rules: [{ id: a, allow: [t], who: { roles: [desk] } }]
tests:
  - { name: x, as: { subject: u, roles: [dek] }, call: { tool: t }, expect: deny }
`,
      'p.yaml',
    )
    const { warnings } = policy.file
    const found = warnings.find(({ code }) => code === 'unknown-role')
    expect(found).toMatchObject({ help: 'did you mean `desk`?' })
    expect(found).not.toHaveProperty('suggestion')
  })

  test('about a file in another encoding is one for each kind of damage', () => {
    const text = `${head}rules: []\n`
    const wide = `\ufffd\ufffd${[...text].map((character) => `${character}\0`).join('')}`
    const found = findings(wide)
    expect(found.map(({ message }) => message)).toEqual([
      'the file holds the character U+FFFD',
      'the file holds the character U+0000',
    ])
    for (const { help } of found) expect(help).toMatch(/^save the file as UTF-8/)
  })

  test('about a list with too little counts in the singular', () => {
    const [found] = findings(`${head}rules: [{ id: a, allow: [] }]\n`)
    expect(found?.message).toBe('the list of tools needs at least 1 item')
  })

  test('about a pointer shows one of an argument', () => {
    const limit = '{ id: l, tools: [t], per: session, sum: amount, max: 5 }'
    const [found] = findings(`${head}rules: []\nlimits: [${limit}]\n`)
    expect(found).toMatchObject({ help: 'begin with `/`, such as `/amount` or `/order/id`' })
  })
})
