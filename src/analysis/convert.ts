import { parseJson, type JsonObject, type JsonValue } from '../base/json.ts'
import { SallyportError } from '../base/errors.ts'
import { hashApiKey } from '../gate/identity/api-key.ts'
import { isId, isToolName } from '../policy/names.ts'
import type { Tool } from '../tools/tool.ts'
import { convertDangers } from './convert-dangers.ts'
import { limitDocument, readRate, type Rate } from './convert-limits.ts'
import { ConfigObject, type Note } from './security-config.ts'

export interface ConvertOptions {
  /** The tools of the host: without them nothing can be said about their arguments. */
  readonly tools?: readonly Tool[]
  /** Issuer and audience of tokens, which the configuration does not know. */
  readonly issuer?: string
  readonly audience?: string
}

export interface Conversion {
  /** A policy file as plain data. */
  readonly document: JsonObject
  /** What the policy says otherwise, or not at all. */
  readonly notes: readonly string[]
}

/** Who may call a tool: any of the roles and all of the scopes; absent conditions hold for all. */
interface Access {
  readonly allow?: boolean | undefined
  readonly who: JsonObject
}

const anonymous = 'anonymous'

/**
 * A policy that decides as a SecurityConfig of the older kits did, or stricter: an explicit no to
 * a tool, then the roles and scopes of the tool, then those of roles, then the wildcard, then the
 * default. Throws `bad-option` when the text is no such configuration.
 */
export function convertSecurityConfig(text: string, options: ConvertOptions = {}): Conversion {
  const parsed = parseJson(text)
  if (!parsed.ok) {
    throw new SallyportError('bad-option', `the configuration is not JSON: ${parsed.message}`, {
      help: 'give the object that the older kit was given, as JSON in UTF-8',
    })
  }
  return new Converter(options).convert(parsed.value)
}

class Converter {
  readonly #options: ConvertOptions
  readonly #notes: string[] = []
  readonly #note: Note = (text) => void this.#notes.push(text)
  readonly #roles = new Set<string>()
  readonly #rules: JsonObject[] = []
  readonly #limits: JsonObject[] = []
  readonly #ids = new Set<string>()

  constructor(options: ConvertOptions) {
    this.#options = options
  }

  convert(value: JsonValue): Conversion {
    const config = new ConfigObject(value, 'config', this.#note)
    const fallback = config.text('defaultPolicy') ?? 'deny-all'
    const identity = this.#identity(config)
    const named = config.named('tools', 'toolAccess')
    const roleTools = this.#roleRules(config)
    const wide = this.#wildcard(named, fallback)
    for (const [tool, entry] of named) {
      if (tool !== '*') this.#tool(tool, entry, { roleTools, wide })
    }
    this.#rules.push(...convertDangers(config, this.#options.tools, this.#note))
    config.finish()
    if (this.#limits.length > 0) {
      this.#note('windows of limits are sliding, not fixed, and all limits that match hold at once')
    }
    return { document: this.#document(identity), notes: [...new Set(this.#notes)] }
  }

  #document(identity: JsonObject): JsonObject {
    const roles = Object.fromEntries([...this.#roles].toSorted().map((role) => [role, {}]))
    return {
      sallyport: 1,
      name: 'converted',
      identity,
      ...(this.#roles.size === 0 ? {} : { roles }),
      rules: this.#rules,
      ...(this.#limits.length === 0 ? {} : { limits: this.#limits }),
    }
  }

  #identity(config: ConfigObject): JsonObject {
    const required = config.boolean('requireAuthentication')
    const open = config.boolean('allowUnauthenticatedAccess')
    const auth = config.object('userAuthentication', 'auth', 'authentication')
    const type = auth?.text('type')
    const keys = (auth?.named('apiKeys') ?? []).flatMap(([key, user], index) =>
      this.#apiKey(key, user, index),
    )
    const secret = auth?.text('jwtSecret', 'secret')
    const jwt = type === 'jwt' || secret !== undefined ? this.#jwt() : []
    if (type === 'custom') {
      this.#note('custom authentication: pass the option `authenticator` to the runtime')
    }
    auth?.finish()
    const isOpen = open === true || (open === undefined && required === false)
    if (isOpen) this.#roles.add(anonymous)
    return {
      anonymous: isOpen ? 'role' : 'deny',
      ...(isOpen ? { anonymousRole: anonymous } : {}),
      ...(jwt.length === 0 ? {} : { jwt }),
      ...(keys.length === 0 ? {} : { apiKeys: keys }),
    }
  }

  #jwt(): readonly JsonObject[] {
    const { issuer, audience } = this.#options
    this.#note(
      'the secret of tokens is not copied: set SALLYPORT_JWT_SECRET, better use ES256 keys',
    )
    if (issuer === undefined || audience === undefined) {
      this.#note(
        'tokens are not accepted: give --issuer and --audience, which they are checked for',
      )
      return []
    }
    const roleMap = { roleMap: {} as Record<string, string> }
    this.#lateRoleMaps.push(roleMap.roleMap)
    return [
      {
        issuer,
        audience: [audience],
        algorithms: ['HS256'],
        secretEnv: 'SALLYPORT_JWT_SECRET',
        claims: { subject: '/sub', scopes: '/scopes', roles: '/roles' },
        ...roleMap,
      },
    ]
  }

  readonly #lateRoleMaps: Record<string, string>[] = []

  #apiKey(key: string, value: JsonValue, index: number): readonly JsonObject[] {
    const user = new ConfigObject(value, `config.auth.apiKeys[${index}]`, this.#note)
    const subject = user.text('id', 'userId', 'subject') ?? `key-${index + 1}`
    const roles = this.#knownRoles(user.texts('roles', 'role'))
    const scopes = (user.texts('scopes') ?? []).filter((scope) => this.#isName(scope))
    user.take('metadata', 'username', 'name')
    user.finish()
    this.#note('API keys have to be random and long: their hashes stand in the file')
    return [
      {
        id: this.#id(`key-${subject}`),
        hash: hashApiKey(key),
        subject,
        ...(roles.length === 0 ? {} : { roles }),
        ...(scopes.length === 0 ? {} : { scopes }),
      },
    ]
  }

  /** Rules of roles; gives the tools each names, `**` for all. */
  #roleRules(config: ConfigObject): readonly string[] {
    const outer = config.object('roles')
    if (outer === undefined) return []
    const inner = outer.named('roles')
    const entries = inner.length > 0 ? inner : outer.rest()
    return entries.flatMap(([role, value]) => {
      if (this.#knownRoles([role]).length === 0) return []
      const entry = new ConfigObject(value, `config.roles.${role}`, this.#note)
      const listed = entry.texts('allowedTools') ?? []
      const all = listed.length === 0 || listed.includes('*')
      const tools = all ? ['**'] : listed.filter((tool) => this.#isTool(tool))
      for (const [tool, rate] of entry.named('rateLimits')) {
        this.#limit(
          tool,
          readRate(rate, `config.roles.${role}.rateLimits.${tool}`, this.#note),
          role,
        )
      }
      entry.finish()
      if (tools.length > 0) this.#rule('role', role, { allow: tools, who: { roles: [role] } })
      return tools
    })
  }

  /** The entry for all other tools, else the default; true when it allows something. */
  #wildcard(named: readonly (readonly [string, JsonValue])[], fallback: string): boolean {
    const entry = named.find(([tool]) => tool === '*')
    if (entry !== undefined) {
      const access = this.#access(entry[1], '*')
      const open = access.allow === true || Object.keys(access.who).length > 0
      if (access.allow !== false && open) {
        this.#rule('wildcard', 'all', { allow: ['**'], ...whoOf(access) })
        return true
      }
      if (access.allow === false) return false
    }
    if (fallback !== 'allow-all') return false
    this.#note('the default was to allow everything: the rule `default-all` still does; narrow it')
    this.#rule('default', 'all', { allow: ['**'] })
    return true
  }

  #tool(
    tool: string,
    value: JsonValue,
    { roleTools, wide }: { readonly roleTools: readonly string[]; readonly wide: boolean },
  ): void {
    if (!this.#isTool(tool)) return
    const access = this.#access(value, tool)
    if (access.allow === false) {
      this.#rule('deny', tool, { deny: [tool] })
      return
    }
    const conditional = Object.keys(access.who).length > 0
    if (access.allow !== true && !conditional) return
    this.#rule('allow', tool, { allow: [tool], ...whoOf(access) })
    const others = wide || roleTools.includes(tool) || roleTools.includes('**')
    // what is said about the tool comes before roles, wildcard and default
    if (conditional && others) this.#rule('only', tool, { deny: [tool], notWho: access.who })
  }

  #access(value: JsonValue, tool: string): Access {
    const place = `config.tools.${tool}`
    const entry = new ConfigObject(value, place, this.#note)
    const allow = entry.boolean('allow')
    const listed = entry.texts('roles')
    const roles = this.#knownRoles(listed)
    const scopes = entry.texts('scopes') ?? []
    if (listed !== undefined && scopes.length > 0) {
      this.#note(`${place}: roles and scopes are both asked for`)
    }
    this.#limit(tool, readRate(entry.take('rateLimit'), `${place}.rateLimit`, this.#note))
    entry.finish()
    if (listed !== undefined && listed.length > 0 && roles.length === 0) {
      return { allow: false, who: {} }
    }
    return {
      allow,
      who: {
        ...(roles.length === 0 ? {} : { roles }),
        ...(scopes.length === 0 ? {} : { scopes }),
      },
    }
  }

  #limit(tool: string, rate: Rate | undefined, role?: string): void {
    if (rate === undefined || (tool !== '*' && !this.#isTool(tool))) return
    const name = tool === '*' ? '**' : tool
    if (tool === '*') this.#note('limits for `*` count the calls of all tools together')
    const who = role === undefined ? {} : { who: { roles: [role] } }
    if (rate.max === 0) this.#rule('none', `${name}-${role ?? 'all'}`, { deny: [name], ...who })
    else {
      const id = this.#id(`rate-${name}${role === undefined ? '' : `-${role}`}`)
      this.#limits.push(limitDocument(id, name, rate, role))
    }
  }

  #rule(kind: string, about: string, rest: JsonObject): void {
    this.#rules.push({ id: this.#id(`${kind}-${about}`), ...rest })
  }

  #knownRoles(names: readonly string[] | undefined): readonly string[] {
    const known = (names ?? []).filter((name) => this.#isName(name))
    for (const name of known) {
      this.#roles.add(name)
      for (const map of this.#lateRoleMaps) map[name] = name
    }
    return known
  }

  #isName(name: string): boolean {
    if (!isId(name)) this.#note(`the name ${JSON.stringify(name)} cannot be used in a policy`)
    return isId(name)
  }

  #isTool(name: string): boolean {
    if (!isToolName(name)) this.#note(`no tool can have the name ${JSON.stringify(name)}`)
    return isToolName(name)
  }

  /** An id nobody else has. */
  #id(wanted: string): string {
    const base = wanted.replaceAll(/[^A-Za-z0-9_:.-]+/g, '-').slice(0, 56)
    let id = base
    for (let count = 2; this.#ids.has(id); count++) id = `${base}-${count}`
    this.#ids.add(id)
    return id
  }
}

function whoOf({ who }: Access): JsonObject {
  return Object.keys(who).length === 0 ? {} : { who }
}
