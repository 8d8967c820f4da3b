import { canonicalJson, sha256 } from '../base/digest.ts'
import { SallyportError, type ErrorData } from '../base/errors.ts'
import type { Checkpoint } from '../journal/checkpoint.ts'
import type { Journal, JournalRecord } from '../journal/journal.ts'
import { RecordTree } from '../journal/tree.ts'

/** Records after which a checkpoint is due, whatever they are. */
const interval = 100

export interface CheckpointOptions {
  readonly runId: string
  readonly journal: Required<Pick<Journal, 'addCheckpoint' | 'checkpoints'>> & Pick<Journal, 'read'>
  /** Makes the compact JWS of a payload. */
  readonly sign: (payload: Uint8Array) => Promise<string>
  /** Keeps the checkpoint elsewhere too; what it throws fails the run, what it gives is told. */
  readonly anchor?:
    | ((signed: string, checkpoint: Checkpoint) => Promise<SallyportError | undefined>)
    | undefined
  /** RFC 3339 text of now. */
  readonly now: () => string
}

/**
 * Signs what the journal holds of a run: after every 100 records, after answers of people, and at
 * the end. A checkpoint covers only what the journal has taken.
 */
export class Checkpoints {
  readonly #options: CheckpointOptions
  readonly #tree = new RecordTree()
  /** Digests of written records that are not in the tree yet; `#first` is the number of the first. */
  #written: string[] = []
  #first = 0
  /** Records that the last checkpoint covers. */
  #covered: number | undefined
  #previous: string | null = null
  #isDue = false
  #isFinal = false
  /** Is told when a checkpoint could not be kept elsewhere and the run goes on. */
  onUnanchored: (error: ErrorData) => void = () => {}

  constructor(options: CheckpointOptions) {
    this.#options = options
  }

  /** Takes records that have been written; what it returns has to be waited for. */
  take(records: readonly JournalRecord[]): Promise<void> | undefined {
    if (this.#written.length === 0) this.#first = records[0]!.seq
    for (const { hash, line } of records) {
      this.#written.push(hash)
      this.#isFinal = line.endsWith(ending('end'))
      this.#isDue ||= this.#isFinal || line.endsWith(ending('approval-decision'))
    }
    const covered = this.#covered ?? this.#first
    const size = this.#first + this.#written.length
    return this.#isDue || size - covered >= interval ? this.#write() : undefined
  }

  async #write(): Promise<void> {
    const { anchor, runId, journal, sign, now } = this.#options
    await this.#catchUp()
    const head = this.#written.at(-1)!
    const isFinal = this.#isFinal
    for (const digest of this.#written) this.#tree.add(digest)
    this.#written = []
    this.#isDue = false
    const checkpoint: Checkpoint = {
      v: 1,
      runId,
      size: this.#tree.size,
      head,
      root: this.#tree.root(),
      previous: this.#previous,
      final: isFinal,
      at: now(),
    }
    const signed = await sign(new TextEncoder().encode(canonicalJson(checkpoint)))
    if (await this.#isOvertaken(checkpoint.size)) throw overtaken(runId)
    await journal.addCheckpoint(runId, signed)
    this.#covered = checkpoint.size
    this.#previous = sha256(signed)
    const unanchored = await anchor?.(signed, checkpoint)
    if (unanchored !== undefined) this.onUnanchored(unanchored.toJSON())
  }

  /**
   * Whether somebody else has carried the run on since its last record was written here, and signed
   * more: a smaller checkpoint behind that one would make an honest record look altered. It is no
   * silent end of signing and anchoring, since anybody may have put that one there.
   */
  async #isOvertaken(size: number): Promise<boolean> {
    const { runId, journal } = this.#options
    const last = (await journal.checkpoints(runId)).at(-1)
    return last !== undefined && claimedSize(last) >= size
  }

  /** What somebody else has written of the run before it is carried on here. */
  async #catchUp(): Promise<void> {
    if (this.#covered !== undefined) return
    const { runId, journal } = this.#options
    if (this.#first === 0) return
    for await (const { hash, seq } of journal.read(runId)) {
      if (seq >= this.#first) break
      this.#tree.add(hash)
    }
    const last = (await journal.checkpoints(runId)).at(-1)
    if (last !== undefined) this.#previous = sha256(last)
  }
}

function overtaken(runId: string): SallyportError {
  return new SallyportError(
    'journal-conflict',
    `run \`${runId}\` has a checkpoint of more records than were written here`,
    {
      help: 'another process carries the run on; `verify` tells whether its checkpoints are signed',
    },
  )
}

/** What a checkpoint says it covers, its signature unseen; 0 where it is none. */
function claimedSize(signed: string): number {
  try {
    const payload = Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString()
    return Number((JSON.parse(payload) as Partial<Checkpoint>).size) || 0
  } catch {
    return 0
  }
}

/** Lines are canonical JSON, and nothing in these records comes behind their type but the version. */
function ending(type: string): string {
  return `"type":"${type}","v":1}`
}
