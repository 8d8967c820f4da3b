import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPolicy, parsePolicy } from '../../../src/loading/file.ts'
import { policyFolder, policyText, problemsOf } from '../../support/policy-files.ts'

const guards =
  "guards: { paths: [{ tools: [read], arg: /path, root: '${root}/data', deny: ['${secret}/**'] }] }"
const file = `vars: { root: /srv, secret: keys }\n${guards}\nrules: []\n`

async function filled(text: string, variables = {}): Promise<unknown> {
  const loaded = await parsePolicy(policyText(text), 'p.yaml', { variables })
  const { root, deny } = loaded.compile().document.guards.paths[0]!
  return { root, deny }
}

test('variables stand for values in paths, and those of the host win', async () => {
  expect(await filled(file)).toEqual({ root: '/srv/data', deny: ['keys/**'] })
  expect(await filled(file, { root: '/home' })).toEqual({ root: '/home/data', deny: ['keys/**'] })
  expect(await filled(file, { root: '${secret}' })).toEqual({
    root: '${secret}/data',
    deny: ['keys/**'],
  })
})

test('a variable without a value is an error', async () => {
  const found = await problemsOf(filled(file.replace('secret: keys', 'secre: keys')), '')
  expect(found).toEqual(['p.yaml:4:19 unknown-variable there is no variable `secret`'])
})

test.each(['..', 'a/..', '../b', 'a/../../b', '/..', '.', './.', '/', ''])(
  'the value %j does not lead out of the folder it is put into',
  async (tenant) => {
    for (const root of ['/data/${tenant}', '/data/x/${tenant}/y', '${base}/${tenant}']) {
      const guard = `{ tools: [read], arg: /path, root: '${root}' }`
      const text = `vars: { base: ../x }\nguards: { paths: [${guard}] }\nrules: []\n`
      const found = await problemsOf(filled(text, { tenant }), '')
      expect(found.map((line) => line.split(' ')[1])).toContain('bad-value')
    }
  },
)

test('values do not make up a way together that none of them is', async () => {
  const guard = "{ tools: [read], arg: /path, root: '/data/.${tenant}' }"
  const text = `guards: { paths: [${guard}] }\nrules: []\n`
  const found = await problemsOf(filled(text, { tenant: './x' }), '')
  expect(found.map((line) => line.split(' ')[1])).toEqual(['bad-value'])
})

test('a value at the beginning of a root is a place of its own', async () => {
  expect(await filled(file, { root: '../srv' })).toMatchObject({ root: '../srv/data' })
  expect(await filled(file, { root: '.' })).toMatchObject({ root: './data' })
})

test('a pattern is not put out of force by a value that leads up', async () => {
  const found = await problemsOf(filled(file, { secret: '../keys' }), '')
  expect(found.map((line) => line.split(' ')[1])).toEqual(['bad-value'])
})

test('values of the host change the digest, since they change what is decided', async () => {
  expect(await digestWith({ root: '/srv' })).toBe(await digestWith())
  expect(await digestWith({ root: '/home' })).not.toBe(await digestWith())
})

test('a file sees the variables of its parents, and a parent not those of its child', async () => {
  const folder = policyFolder({
    'main.yaml': `extends: [./base.yaml]\nvars: { secret: keys }\n${guards}\nrules: []\n`,
    'base.yaml': 'vars: { root: /srv }\n',
    'other.yaml': 'extends: [./guarded.yaml]\nvars: { root: /srv, secret: keys }\nrules: []\n',
    'guarded.yaml': `${guards}\nrules: []\n`,
  })
  const { document } = (await loadPolicy(join(folder, 'main.yaml'))).compile()
  expect(document.guards.paths[0]!.root).toBe('/srv/data')
  const found = await problemsOf(loadPolicy(join(folder, 'other.yaml')), folder)
  expect(found.map((line) => line.split(' ')[1])).toEqual(['unknown-variable', 'unknown-variable'])
})

test('variables are texts', async () => {
  const wrong = parsePolicy(policyText(file), 'p.yaml', { variables: { root: 1 as never } })
  await expect(wrong).rejects.toMatchObject({ code: 'bad-option' })
})

async function digestWith(variables = {}): Promise<string> {
  const loaded = await parsePolicy(policyText(file), 'p.yaml', { variables })
  return loaded.compile().digest
}
