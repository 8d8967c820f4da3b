import { describe, expect, test } from 'vitest'
import type { PolicyFile } from '../../../src/policy/document.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { saidOf } from './said.ts'

const parent = (file: string, text: string, parents: readonly PolicyFile[] = []): PolicyFile =>
  readPolicy(`sallyport: 1\nname: t\n${text}\n`, { file, parents, asParent: true })

/** What is said of a file that extends these. */
const said = (text: string, ...parents: PolicyFile[]): readonly string[] => {
  const names = parents.map((_, index) => `./${index}.yaml`).join(', ')
  return saidOf(`sallyport: 1\nname: t\nextends: [${names}]\n${text}\n`, { parents })
}

const once =
  'help: a policy and the files it extends define each thing once: use the other one, or choose another name'

describe('a file and its parent', () => {
  test.each([
    ['roles: { a: {} }', '4:10-11', 'the role `a`', 'a:3:10'],
    ['vars: { a: b }', '4:9-10', 'the variable `a`', 'a:3:9'],
    ['identity: { anonymous: deny }', '4:1-9', '`identity`', 'a:3:1'],
  ])('define each thing once: %s', (text, at, what, first) => {
    expect(said(`${text}\nrules: []`, parent('a', text))).toEqual([
      `${at} duplicate-id: ${what} is defined at ${first} too`,
      once,
    ])
  })

  test.each([
    ['rules: [{ id: a, allow: [t] }]', '4:9-30', 'the rule `a`', 'a:3:9'],
    [
      'rules: []\nlimits: [{ id: a, tools: [t], per: session, max: 1 }]',
      '5:10-53',
      'the limit `a`',
      'a:4:10',
    ],
    [
      'rules: []\nsequences: [{ id: a, after: [t], then: { tools: [t], do: deny } }]',
      '5:13-66',
      'the sequence `a`',
      'a:4:13',
    ],
  ])('decide each by its own id: %s', (text, at, what, first) => {
    expect(said(text, parent('a', text))).toEqual([
      `${at} duplicate-id: ${what} is defined at ${first} too`,
      once,
    ])
  })

  test('may give one name to things of different kinds', () => {
    expect(
      said(
        'roles: { a: {} }\nrules: []',
        parent('a', 'vars: { a: b }\nrules: [{ id: a, allow: [t] }]'),
      ),
    ).toEqual([])
  })
})

test('of two parents with one definition, the second is told where it is named', () => {
  const [a, b] = ['a', 'b'].map((file) => parent(file, 'roles: { x: {} }'))
  expect(said('rules: []', a!, b!)).toEqual([
    '3:21-29 duplicate-id: b:3:10: the role `x` is defined at a:3:10 too',
    once,
  ])
  const between = parent('c', 'extends: [./b.yaml]', [b!])
  expect(said('rules: []', a!, between)).toEqual([
    '3:21-29 duplicate-id: b:3:10: the role `x` is defined at a:3:10 too',
    once,
  ])
  expect(said('rules: []', b!, between)).toEqual([])
})

const text = (lines: string): string => `sallyport: 1\nname: t\nextends: [./a.yaml]\n${lines}\n`

test('parents that are not there are told, unless something else is wrong', () => {
  expect(saidOf(text('rules: []'))).toEqual([
    '3:11-19 bad-parent: the parent files are not at hand',
    'help: load the policy from its file: a text alone has no parents',
  ])
  expect(saidOf(text('rulez: []\nrules: []'))).toEqual([
    '4:1-6 unknown-key: unknown key `rulez` in a policy',
    'help: did you mean `rules`?',
    'try: rules',
  ])
})

const entry = (fields: string): string => `tools: { t: { ${fields} } }`

describe('entries of one tool', () => {
  const help = 'help: facts of several files are merged and the stricter wins; these have to agree'

  test('in two files have to agree', () => {
    expect(said(`${entry('kind: read')}\nrules: []`, parent('a', entry('kind: write')))).toEqual([
      '4:10-11 contradiction: the tool `t` contradicts a:3:10: `kind`',
      help,
    ])
    expect(said(`${entry('kind: read')}\nrules: []`, parent('a', entry('kind: read')))).toEqual([])
  })

  test('are held against all that stand before them, each contradiction at its file', () => {
    const files = ['is: path', 'steers: true', 'is: url'].map((fact, index) =>
      parent(`f${index}`, entry(`kind: read, args: { x: { ${fact} } }`)),
    )
    const found = said('rules: []', ...files)
    expect(found).toEqual([
      '3:31-39 contradiction: the tool `t` contradicts f0:3:10: `args.x.is`',
      help,
    ])
  })

  test('name all keys that contradict', () => {
    const pins = ['A', 'B'].map((letter) => `kind: read, pin: 'sha256-${letter.repeat(43)}='`)
    const [own, other] = [pins[0]!, pins[1]!.replace('read', 'write')]
    expect(said(`${entry(own)}\nrules: []`, parent('a', entry(other)))).toEqual([
      '4:10-11 contradiction: the tool `t` contradicts a:3:10: `kind`, `pin`',
      help,
    ])
  })
})

describe('shadow mode', () => {
  const warning = [
    '3:11-19 (warning) shadow: `a` is enforced, so this file is as well',
    'help: mark single rules with `shadow: true`, or put the parent into shadow mode too',
  ]

  test.each<[string, string, boolean]>([
    ['mode: shadow', 'rules: []', true],
    ['mode: shadow', 'mode: shadow\nrules: []', false],
    ['mode: shadow', 'roles: { x: {} }', false],
    ['mode: enforce', 'rules: []', false],
    ['mode: enforce', 'mode: shadow\nrules: []', false],
  ])('`%s` beside a parent with `%s` is told of: %s', (own, above, isTold) => {
    expect(said(`${own}\nrules: []`, parent('a', above))).toEqual(isTold ? warning : [])
  })

  test('is told of where a parent of a parent is enforced', () => {
    const between = parent('b', 'extends: [./a.yaml]', [parent('a', 'rules: []')])
    expect(said('mode: shadow\nrules: []', between)).toEqual(warning)
  })
})
