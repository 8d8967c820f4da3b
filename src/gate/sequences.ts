import { canonicalJson, sha256 } from '../base/digest.ts'
import type { JsonObject } from '../base/json.ts'
import type { PolicyFile, Sequence } from '../policy/document.ts'
import { positionOf } from '../policy/compiled-rule.ts'
import { compileGlobs } from '../policy/glob.ts'
import type { Position } from '../protocol/decision.ts'
import type { Finding } from './finding.ts'

/** Different values of one argument that are remembered for a sequence. */
const maxValues = 10_000

/** A sequence with its globs compiled. */
export interface CompiledSequence extends Pick<Sequence, 'id' | 'kind' | 'sameArg' | 'do'> {
  readonly position: Position
  readonly reason: string
  isEarlier(tool: string): boolean
  concerns(tool: string): boolean
}

export function compileSequences({ sequences, source }: PolicyFile): readonly CompiledSequence[] {
  return sequences.map((sequence) => ({
    id: sequence.id,
    kind: sequence.kind,
    do: sequence.do,
    ...(sequence.sameArg === undefined ? {} : { sameArg: sequence.sameArg }),
    position: positionOf(sequence.at, source),
    reason: sequence.reason ?? reasonOf(sequence),
    isEarlier: compileGlobs(sequence.earlier),
    concerns: compileGlobs(sequence.tools),
  }))
}

function reasonOf({ id, kind, earlier, sameArg }: Sequence): string {
  const tools = earlier.map(({ text }) => `\`${text}\``).join(', ')
  const same = sameArg === undefined ? '' : ` with the same \`${sameArg}\``
  return kind === 'after'
    ? `sequence \`${id}\` forbids this once ${tools} was called${same} in the session`
    : `sequence \`${id}\` forbids this until ${tools} was called${same} in the session`
}

interface Seen {
  any: boolean
  readonly values: Set<string>
}

/**
 * Which calls a session has made, as far as sequences ask. A call counts for `after` as soon as it
 * is permitted, for `unless` only when it has succeeded: each time the strict way.
 */
export class SequenceLog {
  readonly #sequences: readonly CompiledSequence[]
  readonly #seen: readonly Seen[]

  constructor(sequences: readonly CompiledSequence[]) {
    this.#sequences = sequences
    this.#seen = sequences.map(() => ({ any: false, values: new Set<string>() }))
  }

  permitted(tool: string, args: JsonObject): void {
    this.#note('after', tool, args)
  }

  succeeded(tool: string, args: JsonObject): void {
    this.#note('unless', tool, args)
  }

  check(tool: string, args: JsonObject): readonly Finding[] {
    return this.#sequences
      .filter((sequence, index) => {
        if (!sequence.concerns(tool)) return false
        return this.#happened(sequence, this.#seen[index]!, args) === (sequence.kind === 'after')
      })
      .map(({ id, do: effect, position, reason }) => ({
        effect,
        rule: `sequences.${id}`,
        position,
        reason,
      }))
  }

  #note(kind: CompiledSequence['kind'], tool: string, args: JsonObject): void {
    for (const [index, sequence] of this.#sequences.entries()) {
      if (sequence.kind !== kind || !sequence.isEarlier(tool)) continue
      const seen = this.#seen[index]!
      const value = valueOf(sequence, args)
      // a call without the argument, or one too many: as if it had been made with every value
      if (sequence.sameArg === undefined) seen.any = true
      else if (value === undefined || seen.values.size >= maxValues) seen.any ||= kind === 'after'
      else seen.values.add(value)
    }
  }

  /** A call that lacks the argument has its like after anything, and no like before it. */
  #happened(sequence: CompiledSequence, seen: Seen, args: JsonObject): boolean {
    if (seen.any) return true
    if (sequence.sameArg === undefined) return false
    const value = valueOf(sequence, args)
    if (value === undefined) return sequence.kind === 'after' && seen.values.size > 0
    return seen.values.has(value)
  }
}

/** The value itself may be large or a secret. */
function valueOf({ sameArg }: CompiledSequence, args: JsonObject): string | undefined {
  if (sameArg === undefined || !Object.hasOwn(args, sameArg)) return undefined
  return sha256(canonicalJson(args[sameArg]!))
}
