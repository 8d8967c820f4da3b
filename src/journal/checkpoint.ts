/**
 * What a signed checkpoint says of a run, as canonical JSON inside a compact JWS: the state that
 * the signer has seen, so that nobody without the key can put another history in its place.
 */
export interface Checkpoint {
  readonly v: 1
  readonly runId: string
  /** How many records it covers. */
  readonly size: number
  /** Digest of the last of them. */
  readonly head: string
  /** Head of the Merkle tree over all of them (RFC 9162, section 2.1). */
  readonly root: string
  /** Digest of the checkpoint before it, as its text; null for the first one of the run. */
  readonly previous: string | null
  /** The last record is the end of the run, which may be carried on all the same. */
  readonly final: boolean
  /** RFC 3339. */
  readonly at: string
}

/**
 * Keeps a signed checkpoint where whoever holds the key cannot change it, such as a time stamp
 * authority (RFC 3161), a transparency log, the log of a build or another machine. Gets each one,
 * as its compact JWS, after the journal has it; resolves when it is kept, within 10 s.
 */
export type Anchor = (signed: string, checkpoint: Checkpoint) => void | Promise<void>

/** Tells checkpoints from anything else the same key may have signed. */
export const checkpointType = 'sallyport-checkpoint'
