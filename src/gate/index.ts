export { createAuthenticator } from './authenticate.ts'
export { createGate } from '../standalone-gate.ts'
export { hashApiKey } from './identity/api-key.ts'
export { createProofMemory } from './identity/proof-memory.ts'

export type { Auth, Authenticator, AuthenticatorOptions, AuthResult } from './authenticate.ts'
export type {
  Judged,
  Outcome,
  ProposedCall,
  Settled,
  StandaloneGate,
  StandaloneGateOptions,
} from '../standalone-gate.ts'
export type { GatedTool } from '../standalone-tools.ts'
export type { CustomAuthenticator } from './identity/custom.ts'
export type { RequestProof } from './identity/dpop.ts'
export type { ProofMemory } from './identity/proof-memory.ts'
