import { isProtected } from '../base/protected-url.ts'
import type { ApiKey, IdentityConfiguration, JwtIssuer } from '../protocol/identity.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { Expiring } from './expiry.ts'
import { checkUnique, date, duration, id, namedId, pointer } from './names.ts'
import { listOf, mapping, oneOf, recordOf, type Name, type Read } from './shape.ts'
import { named, parsed, textOf, textProblem } from './texts.ts'
import type { Span } from './source.ts'
import { endOfDay } from './time.ts'
import type { Node } from './tree.ts'

/** What later checks need beside the configuration: the places of all role names in it. */
export interface Identity {
  readonly configuration: IdentityConfiguration
  readonly roles: readonly Name[]
  readonly expiring: readonly Expiring[]
}

export const noIdentity: Identity = {
  configuration: { anonymous: 'deny', jwt: [], apiKeys: [] },
  roles: [],
  expiring: [],
}

const word = textOf({ what: 'the value', maxLength: 512 })

/** Signatures with a shared secret; mixed with public keys they invite algorithm confusion. */
const secretAlgorithms = ['HS256', 'HS384', 'HS512'] as const
const publicAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const

const keySetUrl = parsed(
  { what: 'an https URL', help: 'use https; http is accepted for a loopback address only' },
  (value) => {
    const url = URL.parse(value)
    if (url === null || url.username !== '' || url.password !== '') return undefined
    return isProtected(url) ? value : undefined
  },
)

const issuerFields = mapping(
  'an issuer',
  {
    issuer: named(word),
    audience: listOf('`audience`', word),
    algorithms: listOf(
      '`algorithms`',
      oneOf('an algorithm', [...publicAlgorithms, ...secretAlgorithms]),
    ),
  },
  {
    jwks: keySetUrl,
    jwksFile: word,
    secretEnv: textOf({
      what: 'the name of an environment variable',
      pattern: /^[A-Z][A-Z0-9_]*$/,
      help: 'name the variable in capitals; the secret itself never stands in a policy',
      secret: true,
    }),
    typ: word,
    clockSkew: duration,
    maxAge: duration,
    require: listOf('`require`', word, { minimum: 0 }),
    claims: mapping(
      '`claims`',
      {},
      { subject: pointer, scopes: pointer, roles: pointer, tenant: pointer, agent: pointer },
    ),
    roleMap: recordOf('`roleMap`', checkClaimKey, namedId),
    proof: oneOf('`proof`', ['none', 'dpop', 'mtls']),
  },
)

function checkClaimKey(key: Name, diagnostics: Diagnostics): void {
  const problem = textProblem(key.text, { what: 'a role name of the issuer', maxLength: 512 })
  if (problem === undefined) return
  diagnostics.error(key, problem.code, problem.message, { help: problem.help })
}

interface Issuer extends Name {
  readonly issuer: JwtIssuer
  readonly roles: readonly Name[]
}

const readIssuer: Read<Issuer> = (node, diagnostics) => {
  const fields = issuerFields(node, diagnostics)
  if (node.kind === 'map') checkKeySource(node, diagnostics)
  if (fields === undefined) return undefined
  const {
    clockSkew,
    maxAge,
    claims,
    roleMap = [],
    at: _at,
    issuer: name,
    require,
    ...rest
  } = fields
  checkAlgorithms(rest, name, diagnostics)
  const { at: _claimsAt, ...pointers } = claims ?? { at: name }
  return {
    ...name,
    roles: roleMap.map(({ value }) => value),
    issuer: {
      ...rest,
      issuer: name.text,
      clockSkewMs: clockSkew ?? 0,
      ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }),
      require: require ?? ['exp', 'iat', 'sub'],
      claims: { subject: '/sub', scopes: '/scope', roles: '/roles', ...pointers },
      roleMap: Object.fromEntries(roleMap.map(({ name: from, value }) => [from.text, value.text])),
    },
  }
}

function checkKeySource(node: Extract<Node, { kind: 'map' }>, diagnostics: Diagnostics): void {
  const present = ['jwks', 'jwksFile', 'secretEnv'].filter((key) => node.entries.has(key))
  if (present.length === 1) return
  const place = node.entries.get('issuer')?.value ?? node
  const message = 'an issuer needs exactly one of `jwks`, `jwksFile` and `secretEnv`'
  diagnostics.error(place, 'missing-key', message, {
    help: 'name the URL of its keys with `jwks`, a file with `jwksFile`, or for HS256 the variable with `secretEnv`',
  })
}

function checkAlgorithms(
  { algorithms, jwks, secretEnv }: Pick<JwtIssuer, 'algorithms' | 'jwks' | 'secretEnv'>,
  at: Span,
  diagnostics: Diagnostics,
): void {
  const secret = algorithms.filter((name) => secretAlgorithms.some((other) => other === name))
  const mixed = secret.length > 0 && secret.length < algorithms.length
  const wrongKeys =
    (jwks !== undefined && secret.length > 0) ||
    (secretEnv !== undefined && secret.length < algorithms.length)
  if (!mixed && !wrongKeys) return
  diagnostics.error(at, 'bad-value', 'the algorithms do not fit the keys of the issuer', {
    help: 'HS256, HS384 and HS512 go with `secretEnv`, all others with public keys; never mix them (RFC 8725 section 3.1)',
  })
}

const keyFields = mapping(
  'an API key',
  {
    id: namedId,
    hash: named(
      textOf({
        what: 'a hash',
        pattern: /^sha256:[0-9a-f]{64}$/,
        help: 'write `sha256:` and the 64 lower-case hexadecimal digits of the SHA-256 of the key, never the key itself',
        secret: true,
      }),
    ),
  },
  {
    subject: word,
    roles: listOf('`roles`', namedId, { minimum: 0 }),
    scopes: listOf('`scopes`', id, { minimum: 0 }),
    tenant: word,
    expires: date,
  },
)

interface Key {
  readonly key: ApiKey
  readonly id: Name
  readonly hash: Name
  readonly roles: readonly Name[]
}

const readApiKey: Read<Key> = (node, diagnostics) => {
  const fields = keyFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { id: name, hash, roles = [], scopes = [], at: _at, ...rest } = fields
  const key = {
    ...rest,
    id: name.text,
    hash: hash.text,
    roles: roles.map((role) => role.text),
    scopes,
  }
  return { key, id: name, hash, roles }
}

const identityFields = mapping(
  '`identity`',
  {},
  {
    anonymous: oneOf('`anonymous`', ['deny', 'role']),
    anonymousRole: namedId,
    jwt: listOf('`jwt`', readIssuer),
    apiKeys: listOf('`apiKeys`', readApiKey, { minimum: 0 }),
  },
)

export const readIdentity: Read<Identity> = (node, diagnostics) => {
  const fields = identityFields(node, diagnostics)
  if (fields === undefined) return undefined
  const { anonymous = 'deny', anonymousRole, jwt = [], apiKeys = [] } = fields
  const namesRole = node.kind === 'map' && node.entries.has('anonymousRole')
  if ((anonymous === 'role') !== namesRole) {
    const message = '`anonymous: role` and `anonymousRole` go together'
    diagnostics.error(anonymousRole ?? node, 'missing-key', message, {
      help: 'state both, or neither',
    })
  }
  checkUnique('issuer', jwt, diagnostics)
  checkUnique(
    'id of an API key',
    apiKeys.map((key) => key.id),
    diagnostics,
  )
  checkUnique(
    'hash of an API key',
    apiKeys.map((key) => key.hash),
    diagnostics,
  )
  return {
    configuration: {
      anonymous,
      ...(anonymousRole === undefined ? {} : { anonymousRole: anonymousRole.text }),
      jwt: jwt.map((entry) => entry.issuer),
      apiKeys: apiKeys.map((entry) => entry.key),
    },
    roles: [
      ...(anonymousRole === undefined ? [] : [anonymousRole]),
      ...jwt.flatMap((entry) => entry.roles),
      ...apiKeys.flatMap((entry) => entry.roles),
    ],
    expiring: apiKeys.flatMap(({ key, id: at }) =>
      key.expires === undefined
        ? []
        : [{ what: `the API key \`${at.text}\``, until: endOfDay(key.expires), at }],
    ),
  }
}
