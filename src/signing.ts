import type { Clock } from './base/clock.ts'
import { SallyportError } from './base/errors.ts'
import { checkOwnKey, signCompact } from './gate/identity/own-key.ts'
import { checkpointType } from './journal/checkpoint.ts'
import type { Journal } from './journal/journal.ts'
import type { Signer } from './protocol/run-event.ts'
import { Anchoring } from './run/anchoring.ts'
import { Checkpoints } from './run/checkpoints.ts'
import { signingKey, type SigningOptions } from './snapshot.ts'

/** Who signs what is recorded of runs. */
export interface Signing {
  readonly signer: Signer
  checkpointsOf(runId: string): Checkpoints
}

/** Rejects with `bad-option` for a key that cannot sign and a journal that keeps no checkpoints. */
export async function openSigning(
  signing: SigningOptions,
  journal: Journal,
  clock: Clock,
): Promise<Signing> {
  const { addCheckpoint, checkpoints } = journal
  if (addCheckpoint === undefined || checkpoints === undefined) {
    throw new SallyportError(
      'bad-option',
      'this journal keeps no checkpoints, which `signing` needs',
      {
        help: 'give the journal the methods `addCheckpoint` and `checkpoints`, or leave `signing` out',
      },
    )
  }
  const key = await signingKey(signing)
  const { alg: algorithm, kid: keyId } = checkOwnKey(key, '`signing.key`')
  const { anchor, anchorRequired = true } = signing
  const anchoring = anchor && new Anchoring(anchor, anchorRequired)
  const shared = {
    journal: {
      read: journal.read.bind(journal),
      addCheckpoint: addCheckpoint.bind(journal),
      checkpoints: checkpoints.bind(journal),
    },
    sign: (payload: Uint8Array) => signCompact(payload, { key, type: checkpointType }),
    anchor: anchoring && anchoring.take.bind(anchoring),
    now: () => new Date(clock.now()).toISOString(),
  }
  return {
    signer: { algorithm, keyId },
    checkpointsOf: (runId) => new Checkpoints({ runId, ...shared }),
  }
}
