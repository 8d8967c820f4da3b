/** One trusted issuer of tokens, as a policy file names it; durations in milliseconds. */
export interface JwtIssuer {
  readonly issuer: string
  /** A token must be meant for at least one of these. */
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  /** Exactly one of the three sources of keys is set. */
  readonly jwks?: string
  /** Path relative to the folder of the policy file. */
  readonly jwksFile?: string
  /** Name of the environment variable that holds a shared secret. */
  readonly secretEnv?: string
  readonly typ?: string
  readonly clockSkewMs: number
  readonly maxAgeMs?: number
  readonly require: readonly string[]
  /** JSON pointers into the claims. */
  readonly claims: {
    readonly subject: string
    readonly scopes: string
    readonly roles: string
    readonly tenant?: string
    readonly agent?: string
  }
  /** Names in the token to local roles; names that are not mapped do nothing. */
  readonly roleMap: Readonly<Record<string, string>>
  /** How a caller proves that a token is its own: RFC 9449, RFC 8705. Default none. */
  readonly proof?: 'none' | 'dpop' | 'mtls'
}

export interface ApiKey {
  readonly id: string
  /** `sha256:` and the hexadecimal SHA-256 of the key. */
  readonly hash: string
  readonly subject?: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly tenant?: string
  /** `YYYY-MM-DD`: valid through the end of that day, UTC. */
  readonly expires?: string
}

/** Who may call, as a policy file says it. */
export interface IdentityConfiguration {
  readonly anonymous: 'deny' | 'role'
  /** Set exactly when `anonymous` is `role`. */
  readonly anonymousRole?: string
  readonly jwt: readonly JwtIssuer[]
  readonly apiKeys: readonly ApiKey[]
}
