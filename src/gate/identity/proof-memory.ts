const maxProofs = 100_000
const maxProofsOfOwner = 10_000

/** A proof that is right in everything else; times in milliseconds since the epoch. */
export interface SeenProof {
  /** The same for the same proof, and for no other one. */
  readonly id: string
  /** Whose it is. Nobody can take the room of everybody. */
  readonly owner: string
  readonly issuer: string
  readonly issuedAt: number
  /** First millisecond at which the proof is too old whatever is remembered. */
  readonly until: number
}

/**
 * Remembers proofs for as long as they could be accepted again (RFC 9449 section 11.1): at most
 * 100,000, and 10,000 of one caller.
 */
export interface ProofMemory {
  /**
   * `accepted` for a proof that was not there before, and that is remembered now. Only once for
   * each proof, also where the clock is set back: what is not younger than a forgotten proof of its
   * issuer is `expired`. With no room left it is `full`.
   */
  remember(proof: SeenProof, now: number): 'accepted' | 'replayed' | 'expired' | 'full'
}

/**
 * A memory for the option `proofs` of authenticators. Those that follow one another, such as when
 * a policy has changed, need the same one.
 *
 * @example
 * ```ts
 * const proofs = createProofMemory()
 * const authenticator = createAuthenticator(identity, { proofs })
 * ```
 */
export function createProofMemory(): ProofMemory {
  const proofs = new Map<string, SeenProof>()
  const counts = new Map<string, number>()
  /** By issuer, when the latest proof that was forgotten had been issued. */
  const forgotten = new Map<string, number>()

  /** From the one accepted first on, up to one that still counts: others wait for it. */
  function forget(now: number): void {
    for (const proof of proofs.values()) {
      if (now < proof.until) return
      proofs.delete(proof.id)
      count(proof.owner, -1)
      forgotten.set(proof.issuer, Math.max(proof.issuedAt, forgotten.get(proof.issuer) ?? 0))
    }
  }

  function count(owner: string, change: 1 | -1): void {
    const next = (counts.get(owner) ?? 0) + change
    if (next === 0) counts.delete(owner)
    else counts.set(owner, next)
  }

  return {
    remember(proof, now) {
      forget(now)
      if (proofs.has(proof.id)) return 'replayed'
      if (proof.issuedAt <= (forgotten.get(proof.issuer) ?? -1)) return 'expired'
      if (proofs.size >= maxProofs || (counts.get(proof.owner) ?? 0) >= maxProofsOfOwner) {
        return 'full'
      }
      proofs.set(proof.id, proof)
      count(proof.owner, 1)
      return 'accepted'
    },
  }
}
