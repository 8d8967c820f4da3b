import { pointerTokens } from '../base/json.ts'
import type {
  CommandGuard,
  DangerGuard,
  Guards,
  NetworkGuard,
  PathGuard,
  ProgramGuard,
} from './document.ts'
import { checkProgramKey, globs, pointer } from './names.ts'
import { listOf, mapping, numberOf, oneOf, recordOf, type Read } from './shape.ts'
import { textOf } from './texts.ts'

const place = textOf({ what: 'a path', maxLength: 4096 })
const none = { minimum: 0 }
const placePattern = textOf({ what: 'a path pattern', maxLength: 1024 })
const word = textOf({ what: 'a word', maxLength: 256 })

const pathFields = mapping(
  'a guard of paths',
  { tools: globs, arg: pointer, root: place },
  {
    deny: listOf('`deny`', placePattern, none),
    readOnly: listOf('`readOnly`', placePattern, none),
    symlinks: oneOf('`symlinks`', ['deny', 'inside']),
  },
)

const readPathGuard: Read<PathGuard> = (node, diagnostics) => {
  const fields = pathFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { deny = [], readOnly = [], symlinks = 'deny' } = fields
  return { ...fields, arg: pointerTokens(fields.arg)!, deny, readOnly, symlinks }
}

const host = textOf({
  what: 'a host',
  pattern: /^(\*\*?\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$|^\*\*$/,
  maxLength: 253,
  help: 'write a host name in lower-case ASCII such as `api.example.com`, `*.example.com` for the names below it, or `**` for every public host',
})

const networkFields = mapping(
  'a guard of the network',
  { tools: globs, arg: pointer, hosts: listOf('`hosts`', host) },
  {
    schemes: listOf('`schemes`', oneOf('a scheme', ['https', 'http', 'wss'])),
    ports: listOf('`ports`', numberOf('a port', { integer: true, minimum: 1, maximum: 65_535 })),
    privateNetworks: oneOf('`privateNetworks`', ['deny']),
    redirects: oneOf('`redirects`', ['deny', 'recheck']),
    methods: listOf(
      '`methods`',
      oneOf('a method', ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
    ),
  },
)

const readNetworkGuard: Read<NetworkGuard> = (node, diagnostics) => {
  const fields = networkFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { privateNetworks: _always, schemes, ports, redirects, arg, ...rest } = fields
  return {
    ...rest,
    arg: pointerTokens(arg)!,
    schemes: schemes ?? ['https'],
    ports: ports ?? [443],
    redirects: redirects ?? 'recheck',
  }
}

const programFields = mapping(
  'a program',
  {},
  {
    subcommands: listOf('`subcommands`', word, none),
    flags: listOf('`flags`', word, none),
    maxArgs: numberOf('`maxArgs`', { integer: true, minimum: 0, maximum: 1000 }),
  },
)

const readPrograms: Read<readonly ProgramGuard[]> = (node, diagnostics) =>
  recordOf('`programs`', checkProgramKey, programFields, { minimum: 1 })(node, diagnostics)?.map(
    ({ name, value: { subcommands, flags = [], maxArgs = 64 } }): ProgramGuard => ({
      name,
      flags,
      maxArgs,
      ...(subcommands === undefined ? {} : { subcommands }),
    }),
  )

const commandFields = mapping(
  'a guard of commands',
  { tools: globs, arg: pointer, programs: readPrograms },
  {},
)

const readCommandGuard: Read<CommandGuard> = (node, diagnostics) => {
  const fields = commandFields(node, diagnostics)
  return fields === undefined ? undefined : { ...fields, arg: pointerTokens(fields.arg)! }
}

const dangerFields = mapping(
  'a guard of dangers',
  {
    tools: globs,
    packs: listOf(
      '`packs`',
      oneOf('a pack', ['secrets', 'sql', 'shell', 'html', 'template', 'invisible']),
    ),
  },
  { do: oneOf('`do`', ['ask', 'deny']) },
)

const readDangerGuard: Read<DangerGuard> = (node, diagnostics) => {
  const fields = dangerFields(node, diagnostics)
  return fields === undefined ? undefined : { ...fields, do: fields.do ?? 'deny' }
}

const guardFields = mapping(
  '`guards`',
  {},
  {
    paths: listOf('`paths`', readPathGuard, none),
    network: listOf('`network`', readNetworkGuard, none),
    commands: listOf('`commands`', readCommandGuard, none),
    danger: listOf('`danger`', readDangerGuard, none),
  },
)

export const noGuards: Guards = { paths: [], network: [], commands: [], danger: [] }

export const readGuards: Read<Guards> = (node, diagnostics) => {
  const fields = guardFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { at: _at, ...guards } = fields
  return { ...noGuards, ...guards }
}
