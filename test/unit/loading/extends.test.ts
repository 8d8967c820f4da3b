import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { prepareRehearsals } from '../../../src/gate/rehearsal.ts'
import { loadPolicy, parsePolicy } from '../../../src/loading/file.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { temporaryFolder } from '../../support/folder.ts'
import {
  policyFolder,
  policyText,
  problemsOf,
  type FileFields,
} from '../../support/policy-files.ts'
import { decideOn, user } from '../policy/build.ts'

const allow = { id: 'may', allow: ['tool'], who: { roles: ['user'] } }
const roles = { roles: { user: {} } }

async function load(files: Readonly<Record<string, FileFields>>): Promise<Policy> {
  return (await loadPolicy(join(policyFolder(files), 'main.yaml'))).compile()
}

async function problems(files: Readonly<Record<string, FileFields>>): Promise<string[]> {
  const folder = policyFolder(files)
  return problemsOf(loadPolicy(join(folder, 'main.yaml')), folder)
}

describe('a parent without rules', () => {
  test('lends its definitions', async () => {
    const policy = await load({
      'main.yaml': { extends: ['./base/org.yaml'], rules: [allow] },
      'base/org.yaml': {
        ...roles,
        tools: { tool: { kind: 'read' } },
        identity: { anonymous: 'role', anonymousRole: 'user' },
        approvals: { ttl: '2m', selfApproval: true },
      },
    })
    expect(decideOn(policy).effect).toBe('allow')
    expect(decideOn(policy, {}, { tool: 'other' }).rule).toBe('unknown_tool')
    expect(policy).toMatchObject({
      identity: { anonymousRole: 'user' },
      approvals: { ttlMs: 120_000, selfApproval: true },
      roles: ['user'],
    })
    expect(policy.layers).toEqual([policy])
  })

  test('is no policy by itself', async () => {
    expect(await problems({ 'main.yaml': roles })).toEqual([
      'main.yaml:2:3 missing-key a policy needs the key `rules`',
    ])
  })

  test('names key files relative to itself', async () => {
    const jwt = [
      { issuer: 'i', audience: ['a'], algorithms: ['ES256'], jwksFile: './keys.json' },
      { issuer: 'j', audience: ['a'], algorithms: ['ES256'], jwksFile: '/etc/keys.json' },
    ]
    const { identity } = await load({
      'main.yaml': { extends: ['./a/b/org.yaml'], rules: [] },
      'a/b/org.yaml': { identity: { jwt } },
    })
    expect(identity.jwt.map(({ jwksFile }) => jwksFile)).toEqual([
      'a/b/./keys.json',
      '/etc/keys.json',
    ])
  })

  test.each(['limits: []', 'tests: []', 'mode: enforce'])('cannot say `%s`', async (line) => {
    const found = await problems({
      'main.yaml': 'extends: [./a.yaml]\nrules: []\n',
      'a.yaml': `${line}\n`,
    })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^a\.yaml:3:1 not-evaluated /)
  })
})

describe('a parent with rules', () => {
  const base = { ...roles, rules: [allow, { id: 'never', deny: ['drop'] }] }

  test('P13: lets a child narrow and never widen', async () => {
    const child = {
      extends: ['./base.yaml'],
      rules: [
        { id: 'wide', allow: ['**'] },
        { id: 'careful', ask: ['tool'], args: { amount: { minimum: 5 } } },
      ],
    }
    const policy = await load({ 'main.yaml': child, 'base.yaml': base })
    expect(decideOn(policy).effect).toBe('allow')
    expect(decideOn(policy, { amount: 7 })).toMatchObject({ effect: 'ask', rule: 'careful' })
    expect(decideOn(policy, {}, { tool: 'other' })).toMatchObject({
      effect: 'deny',
      rule: 'default',
    })
    expect(decideOn(policy, {}, { tool: 'drop' })).toMatchObject({
      effect: 'deny',
      rule: 'never',
      rules: [
        { id: 'never', effect: 'deny' },
        { id: 'wide', effect: 'allow' },
      ],
    })
  })

  test('is a layer that decides with what it sees itself', async () => {
    const policy = await load({
      'main.yaml': {
        extends: ['./base.yaml'],
        roles: { lead: { inherits: ['user'] } },
        rules: [{ id: 'wide', allow: ['**'] }],
      },
      'base.yaml': base,
    })
    const lead = { subject: 'l', roles: ['lead'], scopes: [] }
    expect(policy.layers.map(({ file }) => file.split('/').at(-1))).toEqual([
      'main.yaml',
      'base.yaml',
    ])
    expect(policy.layers.map((layer) => decideOn(layer, {}, { principal: lead }).effect)).toEqual([
      'allow',
      'deny',
    ])
    expect(decideOn(policy, {}, { principal: lead }).effect).toBe('deny')
  })

  test('names its own file in its reasons, and the whole policy in the decision', async () => {
    const policy = await load({
      'main.yaml': { extends: ['./base.yaml'], rules: [{ id: 'wide', allow: ['**'] }] },
      'base.yaml': base,
    })
    const decision = decideOn(policy, {}, { tool: 'drop' })
    expect(decision.rules[0]!.file).toMatch(/\/base\.yaml$/)
    expect(decision.policy).toEqual({ name: 'p', digest: policy.digest })
  })

  test('adds its approvers to those of the child', async () => {
    const policy = await load({
      'main.yaml': { extends: ['./base.yaml'], rules: [asks('b', 'lead')] },
      'base.yaml': { roles: { user: {}, lead: {} }, rules: [asks('a', 'user')] },
    })
    expect(decideOn(policy)).toMatchObject({
      effect: 'ask',
      rule: 'a',
      obligations: [
        { approvers: { roles: ['user'], count: 1 } },
        { approvers: { roles: ['lead'], count: 1 } },
      ],
    })
  })

  test('keeps its own limits, approvals and mode', async () => {
    const policy = await load({
      'main.yaml': {
        extends: ['./base.yaml'],
        mode: 'shadow',
        limits: [limit('b')],
        approvals: { ttl: '1h', selfApproval: true },
        rules: [],
      },
      'base.yaml': { ...base, limits: [limit('a')] },
    })
    expect(policy.limits.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(policy.mode).toBe('enforce')
    expect(policy.approvals).toEqual({ ttlMs: 900_000, selfApproval: false })
    expect(policy.warnings.map(({ code }) => code)).toEqual(['shadow'])
  })

  test('keeps its sequences', async () => {
    const policy = await load({
      'main.yaml': { extends: ['./base.yaml'], rules: [{ id: 'wide', allow: ['**'] }] },
      'base.yaml': {
        ...roles,
        rules: [{ id: 'all', allow: ['**'] }],
        sequences: [{ id: 's', after: ['tool'], then: { tools: ['net'], do: 'deny' } }],
      },
    })
    const rehearsal = (await prepareRehearsals(policy))({ principal: user })
    expect((await rehearsal.decide({ tool: 'net', args: {} })).effect).toBe('allow')
    await rehearsal.happened({ tool: 'tool', args: {} })
    expect((await rehearsal.decide({ tool: 'net', args: {} })).rule).toBe('sequences.s')
  })

  test('is held against the tools like the child, and named where it does not fit', async () => {
    const folder = policyFolder({
      'main.yaml': { extends: ['./base.yaml'], rules: [{ id: 'b', allow: ['gone'] }] },
      'base.yaml': { rules: [{ id: 'a', allow: ['lost'] }] },
    })
    const loaded = await loadPolicy(join(folder, 'main.yaml'))
    const held = Promise.resolve().then(() => loaded.compile([]))
    const found = await problemsOf(held, folder)
    expect(found.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'main.yaml:11:9 unknown-tool',
      'base.yaml:8:9 unknown-tool',
    ])
  })
})

describe('a digest', () => {
  test('covers the parents', async () => {
    expect(await digestWith('a')).toBe(await digestWith('a'))
    expect(await digestWith('a')).not.toBe(await digestWith('b'))
  })
})

describe('a second definition', () => {
  const main = 'extends: [./a.yaml]\nroles: { user: {} }\nrules:\n  - { id: may, allow: [tool] }\n'

  test('of the child is an error that names both places', async () => {
    const found = await problems({
      'main.yaml': main,
      'a.yaml': 'roles: { user: {} }\nrules:\n  - { id: may, deny: [tool] }\n',
    })
    expect(found).toEqual(
      [
        'main.yaml:4:10 duplicate-id the role `user` is defined at a.yaml:3:10 too',
        'main.yaml:6:5 duplicate-id the rule `may` is defined at a.yaml:5:5 too',
      ].map((line) => expect.stringMatching(new RegExp(escape(line)))),
    )
  })

  test('of two parents is an error too, and one that both inherit is not', async () => {
    const files = {
      'main.yaml': 'extends: [./a.yaml, ./b.yaml]\nrules: []\n',
      'a.yaml': 'extends: [./c.yaml]\n',
      'b.yaml': 'extends: [./c.yaml]\n',
      'c.yaml': 'roles: { user: {} }\n',
    }
    expect(await problems(files)).toEqual([])
    const found = await problems({ ...files, 'b.yaml': 'roles: { user: {} }\n' })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(
      /^main\.yaml:3:21 duplicate-id .*b\.yaml:3:10: the role `user` is defined at .*c\.yaml:3:10 too/,
    )
  })

  test('of who may call is an error', async () => {
    const found = await problems({
      'main.yaml': 'extends: [./a.yaml]\nidentity: {}\nrules: []\n',
      'a.yaml': 'identity: { anonymous: deny }\n',
    })
    expect(found).toEqual([
      expect.stringMatching(/^main\.yaml:4:1 duplicate-id `identity` is defined at .*a\.yaml:3:1/),
    ])
  })

  test('of a tool has to agree in its kind', async () => {
    const found = await problems({
      'main.yaml': 'extends: [./a.yaml]\ntools: { t: { kind: read } }\nrules: []\n',
      'a.yaml': 'tools: { t: { kind: write } }\n',
    })
    expect(found).toEqual([
      expect.stringMatching(/^main\.yaml:4:10 contradiction .*a\.yaml:3:10: `kind`$/),
    ])
  })
})

describe('P12: a parent is refused that', () => {
  test.each([
    ['climbs out', '../../etc/x.yaml'],
    ['is absolute', '/etc/x.yaml'],
    ['is a URL', 'https://a.example/x.yaml'],
    ['hides a climb', './a/../../x.yaml'],
  ])('%s', async (_, name) => {
    const found = await problems({ 'main.yaml': `extends: ['${name}']\nrules: []\n` })
    expect(found).toEqual([expect.stringMatching(/^main\.yaml:3:11 bad-value .* is not a parent/)])
  })

  test('is not there, or no file', async () => {
    const folder = policyFolder({ 'main.yaml': 'extends: [./a.yaml]\nrules: []\n' })
    const found = (): Promise<string[]> => problemsOf(loadPolicy(join(folder, 'main.yaml')), folder)
    expect(await found()).toEqual([
      expect.stringMatching(/^main\.yaml:3:11 bad-parent `\.\/a\.yaml` cannot be read/),
    ])
    mkdirSync(join(folder, 'a.yaml'))
    expect(await found()).toEqual([expect.stringMatching(/bad-parent .* it is not a file/)])
  })

  test('leads out of the folder by a symbolic link', async () => {
    const outside = temporaryFolder()
    writeFileSync(join(outside, 'evil.yaml'), policyText('roles: { user: {} }\n'))
    const folder = policyFolder({ 'main.yaml': 'extends: [./a.yaml]\nrules: []\n' })
    symlinkSync(join(outside, 'evil.yaml'), join(folder, 'a.yaml'))
    const main = join(folder, 'main.yaml')
    expect(await problemsOf(loadPolicy(main), folder)).toEqual([
      expect.stringMatching(/^main\.yaml:3:11 bad-parent `\.\/a\.yaml` leads out of the folder/),
    ])
    writeFileSync(main, policyText('extends: [./sub/evil.yaml]\nrules: []\n'))
    symlinkSync(outside, join(folder, 'sub'))
    expect(await problemsOf(loadPolicy(main), folder)).toEqual([
      expect.stringMatching(/bad-parent .* leads out of the folder/),
    ])
  })

  test('is reached inside the folder by a symbolic link: it may', async () => {
    const folder = policyFolder({
      'main.yaml': 'extends: [./a.yaml]\nrules: []\n',
      'real/a.yaml': 'roles: { user: {} }\n',
    })
    symlinkSync(join(folder, 'real/a.yaml'), join(folder, 'a.yaml'))
    expect(await problemsOf(loadPolicy(join(folder, 'main.yaml')), folder)).toEqual([])
  })

  test('is in a circle, also by another name', async () => {
    const found = await problems({
      'main.yaml': 'extends: [./a.yaml]\nrules: []\n',
      'a.yaml': 'extends: [./b.yaml]\n',
      'b.yaml': 'extends: [./a.yaml]\n',
    })
    expect(found).toEqual([
      'b.yaml:3:11 bad-parent `extends` goes round in a circle: main.yaml > a.yaml > b.yaml > a.yaml',
    ])
    const folder = policyFolder({ 'main.yaml': 'extends: [./again.yaml]\nrules: []\n' })
    symlinkSync(join(folder, 'main.yaml'), join(folder, 'again.yaml'))
    expect(await problemsOf(loadPolicy(join(folder, 'main.yaml')), folder)).toEqual([
      expect.stringContaining('in a circle'),
    ])
  })

  test('is the ninth in a chain, on whichever way', async () => {
    expect(await problems(chain(9))).toEqual([])
    const [problem] = await problems(chain(100))
    expect(problem).toMatch(/^p8\.yaml:3:11 bad-parent `extends` is more than 8 files deep: main/)
    // a file that was met on a short way is not deeper on a long one
    const twice = { ...chain(9), 'main.yaml': 'extends: [./p2.yaml, ./p1.yaml]\nrules: []\n' }
    expect(await problems(twice)).toEqual([])
    const deeper = {
      ...chain(10),
      'main.yaml': 'extends: [./p2.yaml, ./p1.yaml]\nrules: []\n',
    }
    expect(await problems(deeper)).toEqual([expect.stringContaining('more than 8 files deep')])
  })

  test('is one of too many', async () => {
    const files: Record<string, string> = {
      'main.yaml': `extends: [${names('a')}]\nrules: []\n`,
    }
    for (let first = 0; first < 8; first++) {
      files[`a${first}.yaml`] = `extends: [${names(`b${first}`)}]\n`
      for (let second = 0; second < 8; second++) files[`b${first}${second}.yaml`] = ''
    }
    expect(await problems(files)).toEqual([expect.stringContaining('more than 64 files')])
  })

  test('belongs to a text that has no folder', async () => {
    const text = policyText('extends: [./a.yaml]\nrules: []\n')
    expect(await problemsOf(parsePolicy(text, 'p.yaml'), '')).toEqual([
      'p.yaml:3:11 bad-parent the parent files are not at hand',
    ])
  })
})

test('errors of a parent are reported in its own file', async () => {
  const found = await problems({
    'main.yaml': 'extends: [./a.yaml]\nrules: []\n',
    'a.yaml': 'rolez: {}\n',
  })
  expect(found).toEqual([expect.stringMatching(/^a\.yaml:3:1 unknown-key /)])
})

function names(prefix: string): string {
  return Array.from({ length: 8 }, (_, index) => `./${prefix}${index}.yaml`).join(', ')
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replace(' at ', ' at .*')
}

function asks(id: string, role: string): object {
  return { id, ask: ['tool'], approvers: { roles: [role] } }
}

function limit(id: string): object {
  return { id, tools: ['tool'], per: 'session', max: 1 }
}

async function digestWith(description: string): Promise<string> {
  const main = { extends: ['./base.yaml'], rules: [] }
  const { digest } = await load({ 'main.yaml': main, 'base.yaml': { description, ...roles } })
  return digest
}

/** Files of which each extends the next, all with rules. */
function chain(length: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length }, (_, index) => [
      index === 0 ? 'main.yaml' : `p${index}.yaml`,
      index === length - 1 ? 'rules: []\n' : `extends: [./p${index + 1}.yaml]\nrules: []\n`,
    ]),
  )
}
