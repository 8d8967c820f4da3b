import { describe, expect, test } from 'vitest'
import { Diagnostics } from '../../../src/policy/diagnostic.ts'
import type { Guards, PathGuard } from '../../../src/policy/document.ts'
import { noGuards } from '../../../src/policy/read-guards.ts'
import { Source } from '../../../src/policy/source.ts'
import { fillVariables } from '../../../src/policy/variables.ts'
import { linesOf } from './said.ts'

const at = { start: 0, end: 1 }

function guardsOf(fields: Partial<PathGuard>): Guards {
  const guard = {
    tools: [],
    arg: ['path'],
    root: '/srv',
    deny: [],
    readOnly: [],
    symlinks: 'deny',
  } as const
  return { ...noGuards, paths: [{ ...guard, at, ...fields }] }
}

/** The guard as it is filled, or what is said about it. */
function filled(
  fields: Partial<PathGuard>,
  values: Readonly<Record<string, string>> = {},
): unknown {
  const diagnostics = new Diagnostics(new Source('p', 'x'))
  const { paths } = fillVariables(guardsOf(fields), new Map(Object.entries(values)), diagnostics)
  const said = linesOf(diagnostics.all())
  const { deny, readOnly, root } = paths[0]!
  return said.length > 0 ? said : { root, deny, readOnly }
}

const nothing = [
  '1:1-2 bad-value: the value of the variable `a` names nothing',
  'help: give it the name of a folder or a path',
]
const out = (text: string): readonly string[] => [
  `1:1-2 bad-value: the variables in \`${text}\` lead out of its folder`,
  'help: pass values without `..`, or put the whole path into one variable',
]

describe('variables', () => {
  test('are filled in wherever they stand in paths', () => {
    const fields = { root: '${a}/x/${b}${b}', deny: ['${b}/**', 'c'], readOnly: ['d/${a}'] }
    expect(filled(fields, { a: '/srv', b: 'y' })).toEqual({
      root: '/srv/x/yy',
      deny: ['y/**', 'c'],
      readOnly: ['d//srv'],
    })
  })

  test('leave alone what is none, and all other guards', () => {
    expect(filled({ root: '$a/{a}/${', deny: ['$'] }, { a: 'b' })).toEqual({
      root: '$a/{a}/${',
      deny: ['$'],
      readOnly: [],
    })
    const diagnostics = new Diagnostics(new Source('p', 'x'))
    const danger = [{ tools: [], packs: [], do: 'deny', at } as const]
    const guards = { ...guardsOf({}), danger }
    expect(fillVariables(guards, new Map(), diagnostics)).toEqual(guards)
  })

  test.each(['deny', 'readOnly', 'root'] as const)(
    'without a value are told of in `%s`',
    (field) => {
      const given = (text: string) => ({ [field]: field === 'root' ? text : [text] })
      expect(filled(given('${tennant}'), { tenant: 'x', other: 'y' })).toEqual([
        '1:1-2 unknown-variable: there is no variable `tennant`',
        'help: did you mean `${tenant}`?',
      ])
      expect(filled(given('x/${a}'), {})).toEqual([
        '1:1-2 unknown-variable: there is no variable `a`',
        'help: define it in `vars`, or pass it when the policy is loaded',
      ])
      expect(filled(given('x/${}'), {})).toMatchObject([
        '1:1-2 unknown-variable: there is no variable ``',
        expect.any(String),
      ])
    },
  )
})

describe('a value', () => {
  test.each(['', '.', '/', './', '//', './.', '\\', '.\\.'])(
    'that names nothing (%j) is only a place at the beginning of a root',
    (a) => {
      expect(filled({ root: '/srv/${a}' }, { a })).toEqual(nothing)
      expect(filled({ root: '/srv/${a}/x' }, { a })).toEqual(nothing)
      expect(filled({ deny: ['${a}'] }, { a })).toEqual(nothing)
      expect(filled({ readOnly: ['${a}/x'] }, { a })).toEqual(nothing)
      expect(filled({ root: '${a}/x' }, { a })).toEqual(
        a === '' ? nothing : { root: `${a}/x`, deny: [], readOnly: [] },
      )
    },
  )

  test.each(['x', 'x/', './x', 'a.b', '...', '.x'])('that names something (%j) is one', (a) => {
    expect(filled({ root: '/srv/${a}' }, { a })).toMatchObject({ root: `/srv/${a}` })
    expect(filled({ deny: ['${a}'] }, { a })).toMatchObject({ deny: [a] })
  })

  test.each(['..', '../x', 'x/..', 'x/../../y', 'x\\..\\y', '..\\x'])(
    'that leads up (%j) does so only at the beginning of a root',
    (a) => {
      expect(filled({ root: '/srv/${a}' }, { a })).toEqual(out('/srv/${a}'))
      expect(filled({ deny: ['${a}'] }, { a })).toEqual(out('${a}'))
      expect(filled({ readOnly: ['x/${a}'] }, { a })).toEqual(out('x/${a}'))
      expect(filled({ root: '${a}/x' }, { a })).toMatchObject({ root: `${a}/x` })
      expect(filled({ root: '${a}/${a}' }, { a })).toEqual(out('${a}/${a}'))
    },
  )

  test('may stand beside steps up that are written, and make none with them', () => {
    expect(filled({ root: '../${a}/..' }, { a: 'x' })).toMatchObject({ root: '../x/..' })
    expect(filled({ root: '/srv/.${a}' }, { a: '.' })).toEqual([...nothing, ...out('/srv/.${a}')])
    expect(filled({ root: '/srv/${a}${b}' }, { a: 'x/.', b: './y' })).toEqual(out('/srv/${a}${b}'))
    expect(filled({ root: '${b}/${a}' }, { a: 'x', b: '../..' })).toMatchObject({ root: '../../x' })
  })
})
