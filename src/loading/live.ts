import { sha256 } from '../base/digest.ts'
import { errorDataOf, type ErrorData } from '../base/errors.ts'
import type { PolicyFile } from '../policy/document.ts'
import type { Policy } from '../policy/policy.ts'
import type { Tool } from '../tools/tool.ts'
import type { LoadedPolicy } from './file.ts'
import type { ReadTree } from './load.ts'
import { compileFor } from './text.ts'

/** News of a watched policy. */
export type PolicyChange =
  /** Another policy is in force. */
  | { readonly kind: 'changed'; readonly digest: string; readonly previous: string }
  /** What is on the disk cannot be used; the policy with this digest stays in force. */
  | { readonly kind: 'refused'; readonly digest: string; readonly error: ErrorData }

export interface LivePolicyOptions {
  readonly path: string
  /** Reads what is on the disk; rejects where it cannot be used. */
  read(): Promise<ReadTree>
  /** Holds a file against tools and against itself; rejects where it does not stand. */
  prove(file: PolicyFile, tools: readonly Tool[] | undefined): Promise<Policy>
}

/** The tools of one who follows, and the policy as it is for them. */
interface Follower {
  readonly tools: readonly Tool[] | undefined
  policy: Policy
}

/**
 * A policy that can be replaced as a whole: what is new is read, checked and tested for everybody
 * who follows before it is in force for anybody. Until then, and where it fails, the last good one
 * stays.
 */
export class LivePolicy implements LoadedPolicy {
  readonly #options: LivePolicyOptions
  /** Who follows is forgotten together with the runtime it belongs to. */
  readonly #followers = new Set<WeakRef<Follower>>()
  #file: PolicyFile
  #fingerprint: string
  /** The refusal that was told last; told once, not at every look. */
  #refused: string | undefined

  constructor(first: ReadTree, options: LivePolicyOptions) {
    this.#options = options
    this.#file = first.file
    this.#fingerprint = fingerprintOf(first)
  }

  get file(): PolicyFile {
    return this.#file
  }

  get path(): string {
    return this.#options.path
  }

  compile(tools?: readonly Tool[]): Policy {
    return compileFor(this.#file, tools)
  }

  follow(tools?: readonly Tool[]): () => Policy {
    const follower: Follower = { tools, policy: this.compile(tools) }
    this.#followers.add(new WeakRef(follower))
    return () => follower.policy
  }

  /** Looks at the disk; undefined when there is nothing new. Never rejects, not to be overlapped. */
  async renew(): Promise<PolicyChange | undefined> {
    try {
      const read = await this.#options.read()
      const fingerprint = fingerprintOf(read)
      this.#refused = fingerprint === this.#fingerprint ? undefined : this.#refused
      return fingerprint === this.#fingerprint ? undefined : await this.#replace(read, fingerprint)
    } catch (error) {
      return this.#refuse(errorDataOf(error))
    }
  }

  async #replace({ file }: ReadTree, fingerprint: string): Promise<PolicyChange> {
    const proved = new Map<Follower, Policy>()
    // those who begin to follow meanwhile have to be able to go on as well
    for (let open = this.#waiting(proved); open.length > 0; open = this.#waiting(proved)) {
      for (const follower of open) {
        proved.set(follower, await this.#options.prove(file, follower.tools))
      }
    }
    const previous = this.#file.digest
    for (const [follower, policy] of proved) follower.policy = policy
    this.#file = file
    this.#fingerprint = fingerprint
    this.#refused = undefined
    return { kind: 'changed', digest: file.digest, previous }
  }

  #waiting(proved: ReadonlyMap<Follower, Policy>): readonly Follower[] {
    const waiting: Follower[] = []
    for (const reference of this.#followers) {
      const follower = reference.deref()
      if (follower === undefined) this.#followers.delete(reference)
      else if (!proved.has(follower)) waiting.push(follower)
    }
    return waiting
  }

  #refuse(error: ErrorData): PolicyChange | undefined {
    const told = `${error.code} ${error.message}`
    if (told === this.#refused) return undefined
    this.#refused = told
    return { kind: 'refused', digest: this.#file.digest, error }
  }
}

/** Of every text: a change of a comment moves the places that decisions name. */
function fingerprintOf({ tree }: ReadTree): string {
  return sha256(JSON.stringify(tree.files.map(({ open, shown }) => [shown, open.source.text])))
}
