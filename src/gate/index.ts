export { createAuthenticator } from './authenticate.ts'
export { hashApiKey } from './identity/api-key.ts'

export type { Auth, Authenticator, AuthenticatorOptions, AuthResult } from './authenticate.ts'
export type { CustomAuthenticator } from './identity/custom.ts'
