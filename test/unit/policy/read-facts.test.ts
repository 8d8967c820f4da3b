import { describe, expect, test } from 'vitest'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyFile } from '../../../src/policy/document.ts'
import { factsOfEntry } from '../../../src/policy/read-facts.ts'
import { readPolicy } from '../../../src/policy/read.ts'

const head = 'sallyport: 1\nname: t\nrules: []\n'
const read = (text: string): PolicyFile => readPolicy(head + text, { file: 'p' })
const named = (text: string): unknown => expect.objectContaining({ text })
const at = expect.objectContaining({ start: expect.any(Number), end: expect.any(Number) }) as object

describe('an entry of a tool', () => {
  const pin = `sha256-${'Ab0+/'.repeat(8)}xyz=`
  const file = read(`tools:
  plain: { kind: read }
  full:
    kind: network
    sink: public
    pin: ${pin}
    timeout: 30s
    output: { trust: untrusted, secrecy: private, endorse: date }
    fields: { /a: { trust: trusted }, '/*/b': { secrecy: secret } }
    args:
      to: { steers: true, carries: false, is: email, idsFrom: [plain, 'f*'], fromNamed: [plain], known: [a, b c] }
      note: { carries: true }
`)

  test('is read as it is written', () => {
    expect(file.tools).toStrictEqual([
      { name: named('plain'), facts: { kind: 'read' }, args: [], fields: [] },
      {
        name: named('full'),
        facts: {
          kind: 'network',
          sink: 'public',
          output: { trust: 'untrusted', secrecy: 'private', endorse: 'date' },
        },
        args: [
          {
            name: named('to'),
            value: {
              steers: true,
              carries: false,
              is: 'email',
              known: ['a', 'b c'],
              idsFrom: ['plain', 'f*'],
              fromNamed: ['plain'],
            },
          },
          { name: named('note'), value: { carries: true } },
        ],
        fields: [
          { name: named('/a'), value: { trust: 'trusted' } },
          { name: named('/*/b'), value: { secrecy: 'secret' } },
        ],
        pin,
        timeoutMs: 30_000,
      },
    ])
  })

  test('holds as facts, and keeps to its time', () => {
    const [plain, full] = file.tools!
    expect(factsOfEntry(plain!)).toStrictEqual({ kind: 'read' })
    const facts = {
      kind: 'network',
      sink: 'public',
      output: { trust: 'untrusted', secrecy: 'private', endorse: 'date' },
      args: expect.objectContaining({ note: { carries: true } }) as object,
      fields: { '/a': { trust: 'trusted' }, '/*/b': { secrecy: 'secret' } },
    }
    expect(factsOfEntry(full!)).toStrictEqual(facts)
    const policy = compilePolicy(file)
    expect(policy.factsOf('full')).toEqual(facts)
    expect(policy.factsOf('plain')).toEqual({ kind: 'read' })
    expect(policy.factsOf('other')).toEqual({})
    expect(['full', 'plain', 'other'].map((tool) => policy.timeoutOf(tool))).toEqual([
      30_000,
      undefined,
      undefined,
    ])
  })

  test('may be empty in every part', () => {
    const { tools } = read(
      'tools: { t: { kind: read, output: {}, fields: { /a: {} }, args: { a: {} } } }',
    )
    expect(tools).toStrictEqual([
      {
        name: named('t'),
        facts: { kind: 'read', output: {} },
        args: [{ name: named('a'), value: {} }],
        fields: [{ name: named('/a'), value: {} }],
      },
    ])
  })
})

describe('guards', () => {
  const none = { paths: [], network: [], commands: [], danger: [] }

  test('have nothing where nothing is written', () => {
    expect(read('').guards).toEqual(none)
    expect(read('guards: {}').guards).toStrictEqual(none)
    expect(read('guards: { danger: [] }').guards).toStrictEqual(none)
  })

  test('of paths have the documented defaults, and read as they are written', () => {
    const { guards } = read(`guards:
  paths:
    - { tools: [a], arg: /path, root: ./data }
    - { tools: [a, 'b.*'], arg: '/files/*/a~1b', root: /srv, deny: ['**/.git/**'], readOnly: [a, b], symlinks: inside }
`)
    expect(guards).toStrictEqual({
      ...none,
      paths: [
        {
          tools: [named('a')],
          arg: ['path'],
          root: './data',
          deny: [],
          readOnly: [],
          symlinks: 'deny',
          at,
        },
        {
          tools: [named('a'), named('b.*')],
          arg: ['files', '*', 'a/b'],
          root: '/srv',
          deny: ['**/.git/**'],
          readOnly: ['a', 'b'],
          symlinks: 'inside',
          at,
        },
      ],
    })
  })

  test('of the network have the documented defaults, and read as they are written', () => {
    const { guards } = read(`guards:
  network:
    - { tools: [a], arg: /url, hosts: [a.example] }
    - { tools: [a], arg: /to/url, hosts: ['**', '*.b.example'], schemes: [http, wss], ports: [80, 8080], privateNetworks: deny, redirects: deny, methods: [GET] }
`)
    expect(guards).toStrictEqual({
      ...none,
      network: [
        {
          tools: [named('a')],
          arg: ['url'],
          hosts: ['a.example'],
          schemes: ['https'],
          ports: [443],
          redirects: 'recheck',
          at,
        },
        {
          tools: [named('a')],
          arg: ['to', 'url'],
          hosts: ['**', '*.b.example'],
          schemes: ['http', 'wss'],
          ports: [80, 8080],
          redirects: 'deny',
          methods: ['GET'],
          at,
        },
      ],
    })
  })

  test('of commands and dangers have the documented defaults, and read as they are written', () => {
    const { guards } = read(`guards:
  commands:
    - tools: [a]
      arg: /argv
      programs: { ls: {}, /usr/bin/git: { subcommands: [log], flags: [--oneline], maxArgs: 3 }, cp: { subcommands: [] } }
  danger:
    - { tools: [a], packs: [sql, shell] }
    - { tools: [a], packs: [html], do: ask }
`)
    expect(guards).toStrictEqual({
      ...none,
      commands: [
        {
          tools: [named('a')],
          arg: ['argv'],
          programs: [
            { name: named('ls'), flags: [], maxArgs: 64 },
            {
              name: named('/usr/bin/git'),
              flags: ['--oneline'],
              maxArgs: 3,
              subcommands: ['log'],
            },
            { name: named('cp'), flags: [], maxArgs: 64, subcommands: [] },
          ],
          at,
        },
      ],
      danger: [
        { tools: [named('a')], packs: ['sql', 'shell'], do: 'deny', at },
        { tools: [named('a')], packs: ['html'], do: 'ask', at },
      ],
    })
  })
})
