import { describe, expect, test } from 'vitest'
import { digestJson } from '../../../src/base/digest.ts'
import { openPolicy, readPolicy, type PolicyFile } from '../../../src/policy/read.ts'
import { saidOf } from './said.ts'

const head = 'sallyport: 1\nname: t\n'

const parentOf = (text: string): PolicyFile =>
  readPolicy(`sallyport: 1\nname: base\n${text}\n`, { file: 'base', asParent: true })

describe('a policy that is opened', () => {
  test('names its parents with their places before anything else is read', () => {
    const text = `${head}extends: [./a.yaml, ./b/c.json]\nrules: 5\n`
    const { extends: parents, source } = openPolicy(text, 'p')
    expect(source).toMatchObject({ file: 'p', text })
    expect(parents).toEqual([
      { text: './a.yaml', start: 31, end: 39 },
      { text: './b/c.json', start: 41, end: 51 },
    ])
  })

  test.each([
    ['rules: []', []],
    ['extends: 5', []],
    ['extends: []', []],
    ['extends: [../a.yaml]', []],
    ['extends: [../a.yaml, ./b.yaml]', ['./b.yaml']],
  ])('of `%s` names the parents that can be fetched', (written, expected) => {
    expect(openPolicy(head + written, 'p').extends.map(({ text }) => text)).toEqual(expected)
  })

  test('names none where it is no mapping', () => {
    for (const text of ['[extends]', '"extends"', '- extends: [./a.yaml]']) {
      expect(openPolicy(text, 'p').extends).toEqual([])
    }
  })

  test('is plain JSON, its tests included', () => {
    const text = `${head}rules: [{ id: a, deny: [t] }]\ntests: [{ a: [1, null, true] }]\n`
    expect(openPolicy(text, 'p').json).toEqual({
      sallyport: 1,
      name: 't',
      rules: [{ id: 'a', deny: ['t'] }],
      tests: [{ a: [1, null, true] }],
    })
  })

  test('is refused where its text is broken', () => {
    expect(() => openPolicy('a: [', 'p')).toThrow(expect.objectContaining({ code: 'bad-policy' }))
  })
})

const canonical = (value: object): string => digestJson({ sallyport: 1, name: 't', ...value })

describe('the digest of a policy', () => {
  test('is that of the file as canonical JSON, without its tests', () => {
    expect(readPolicy(`${head}rules: []\n`, { file: 'p' }).digest).toBe(canonical({ rules: [] }))
    const text = `${head}rules: [{ id: a, deny: [t], args: { x: { enum: [1.50, 'é', null] } } }]
description: x
tests: [{ name: n, call: { tool: t }, expect: deny }]
`
    expect(readPolicy(text, { file: 'p' }).digest).toBe(
      canonical({
        description: 'x',
        rules: [{ id: 'a', deny: ['t'], args: { x: { enum: [1.5, 'é', null] } } }],
      }),
    )
  })

  test('holds the values of variables that are in force', () => {
    const text = `${head}rules: []\nvars: { a: one, b: two }\n`
    const read = (variables?: Readonly<Record<string, string>>): string =>
      readPolicy(text, { file: 'p', ...(variables === undefined ? {} : { variables }) }).digest
    expect(read()).toBe(canonical({ rules: [], vars: { a: 'one', b: 'two' } }))
    expect(read({ b: 'host', c: 'more' })).toBe(
      canonical({ rules: [], vars: { a: 'one', b: 'host', c: 'more' } }),
    )
    const plain = readPolicy(`${head}rules: []\n`, { file: 'p', variables: { a: 'one' } })
    expect(plain.digest).toBe(canonical({ rules: [], vars: { a: 'one' } }))
  })

  test('holds those of its parents, in their order, and their variables', () => {
    const [one, two] = [parentOf('vars: { a: one }'), parentOf('roles: { r: {} }')]
    const text = `${head}extends: [./a.yaml, ./b.yaml]\nrules: []\nvars: { b: two }\n`
    const policy = readPolicy(text, { file: 'p', parents: [one, two] })
    expect(policy.parents).toEqual([one, two])
    const own = {
      sallyport: 1,
      name: 't',
      extends: ['./a.yaml', './b.yaml'],
      rules: [],
      vars: { a: 'one', b: 'two' },
    }
    expect(policy.digest).toBe(digestJson({ policy: own, parents: [one.digest, two.digest] }))
  })
})

describe('a parent without rules', () => {
  test.each([
    'mode: enforce',
    'flow: {}',
    'sequences: []',
    'guards: {}',
    'output: []',
    'limits: []',
    'tests: []',
  ])('cannot say `%s`, which nothing would evaluate', (written) => {
    const [key] = written.split(':') as [string]
    expect(saidOf(`${head}${written}\n`, { asParent: true })).toEqual([
      `3:1-${key.length + 1} not-evaluated: \`${key}\` means nothing in a parent without \`rules\``,
      'help: move it to a file with rules; a parent without them only defines roles, tools, variables, callers, approvals and what records keep',
    ])
    expect(saidOf(`${head}${written}\nrules: []\n`, { asParent: true })).toEqual([])
  })

  test('says what it defines', () => {
    const text = `${head}description: d
roles: { r: {} }
tools: { t: { kind: read } }
vars: { a: b }
identity: { anonymous: deny }
approvals: { ttl: 1m }
audit: { args: hash }
`
    expect(saidOf(text, { asParent: true })).toEqual([])
    expect(saidOf(text)).toEqual([
      '1:1-10 missing-key: a policy needs the key `rules`',
      'help: add `rules:` and a list',
    ])
  })

  test('is a policy file like any other', () => {
    expect(saidOf('rols: {}\n', { asParent: true })).toEqual([
      '1:1-5 unknown-key: unknown key `rols` in a policy',
      'help: did you mean `roles`?',
      'try: roles',
      '1:1-5 missing-key: a policy needs the key `sallyport`',
      'help: add `sallyport:` and `1`',
      '1:1-5 missing-key: a policy needs the key `name`',
      'help: add `name:` and a policy name',
    ])
    expect(saidOf('[]', { asParent: true })).toEqual([
      '1:1-3 wrong-type: a policy has to be a mapping, not a list',
      expect.stringMatching(/^help: write `key: value`/),
    ])
  })
})

test('eight parents are read, whatever they are called', () => {
  const names = [
    'a.yaml',
    'a.yml',
    'a.json',
    'b/c.yaml',
    'b.c/d-e_f.yaml',
    '..a.yaml',
    'a../b.yml',
    '.a/b.json',
  ]
  const parents = names.map(() => parentOf(''))
  const text = `${head}extends: [${names.map((name) => `./${name}`).join(', ')}]\nrules: []\n`
  expect(saidOf(text, { parents })).toEqual([])
})
