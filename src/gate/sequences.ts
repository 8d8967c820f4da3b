import { dirname, resolve } from 'node:path'
import { canonicalJson, sha256 } from '../base/digest.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import { positionOf } from '../policy/compiled-rule.ts'
import type { Sequence } from '../policy/document.ts'
import { fold } from '../policy/equality.ts'
import { compileGlobs } from '../policy/glob.ts'
import type { Policy } from '../policy/policy.ts'
import type { Position } from '../protocol/decision.ts'
import type { ArgumentForm } from '../protocol/facts.ts'
import type { Finding } from './finding.ts'
import { amountsIn, canonical } from './flow/forms.ts'
import { parseUrl } from './flow/links.ts'
import { scalarsOf } from './flow/scalars.ts'

/** Different values of one argument that are remembered for a sequence. */
const maxValues = 10_000

/** Permitted calls of which it is remembered what each counts as. */
const maxWaiting = 64

/** A sequence with its globs compiled. */
export interface CompiledSequence extends Pick<Sequence, 'id' | 'kind' | 'sameArg' | 'do'> {
  readonly position: Position
  readonly reason: string
  isEarlier(tool: string): boolean
  concerns(tool: string): boolean
  /** What `sameArg` holds, to compare; undefined when the call does not say. */
  valuesOf(tool: string, args: JsonObject): readonly string[] | undefined
}

export function compileSequences(policy: Policy): readonly CompiledSequence[] {
  const { sequences, source } = policy.document
  const rootsOf = guardedRoots(policy)
  return sequences.map((sequence) => ({
    id: sequence.id,
    kind: sequence.kind,
    do: sequence.do,
    ...(sequence.sameArg === undefined ? {} : { sameArg: sequence.sameArg }),
    position: positionOf(sequence.at, source),
    reason: sequence.reason ?? reasonOf(sequence),
    isEarlier: compileGlobs(sequence.earlier),
    concerns: compileGlobs(sequence.tools),
    valuesOf: (tool, args) => {
      const name = sequence.sameArg
      if (name === undefined || !Object.hasOwn(args, name)) return undefined
      const form = policy.factsOf(tool).args?.[name]?.is
      if (sequence.kind === 'unless') return comparable(args[name]!, (text) => formOf(text, form))
      const roots = rootsOf(tool, name)
      return comparable(args[name]!, (text) => likenesses(text, form, roots), true)
    },
  }))
}

/** The folders below which guards of the policy file read an argument, or parts of it. */
function guardedRoots({
  document,
  file,
}: Policy): (tool: string, name: string) => readonly string[] {
  const folder = dirname(resolve(file))
  const guards = document.guards.paths
    .filter(({ arg }) => arg.length > 0)
    .map(({ tools, arg, root }) => ({
      concerns: compileGlobs(tools),
      name: arg[0]!,
      root: resolve(folder, root),
    }))
  return (tool, name) =>
    guards
      .filter((guard) => [name, '*'].includes(guard.name) && guard.concerns(tool))
      .map(({ root }) => root)
}

/**
 * What an argument holds, each as digests of its forms: of what lets a call pass each item as a
 * whole, of what stops one every scalar. Undefined for a typed value that cannot be read, which may
 * be any.
 */
function comparable(
  value: JsonValue,
  formsOf: (text: string) => readonly string[] | undefined,
  stops = false,
): readonly string[] | undefined {
  const parts = stops ? scalarsOf(value)?.map((place) => place.value) : itemsOf(value)
  if (parts === undefined || parts.length === 0) return undefined
  const keys: string[] = []
  for (const part of parts) {
    const forms = formsOf(typeof part === 'string' ? part : canonicalJson(part))
    if (forms === undefined) return undefined
    keys.push(...forms.map(sha256))
  }
  return keys
}

function itemsOf(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [value]
}

/**
 * A text in its one form: a path without its detours, a URL as it is asked for, an amount that
 * could be another one as it is written.
 */
function formOf(text: string, form: ArgumentForm | undefined): readonly string[] | undefined {
  const typed = isText(form) ? asWritten(text) : canonical(text, form)
  if (typed !== undefined) return [typed]
  return amountsOf(text, form) && [asWritten(text)]
}

function amountsOf(text: string, form: ArgumentForm | undefined): readonly string[] | undefined {
  const amounts = form === 'money' ? amountsIn(text) : []
  return amounts.length === 0 ? undefined : amounts
}

function asWritten(text: string): string {
  return `text:${text.trim().normalize('NFC')}`
}

/**
 * A text in the forms that spellings share which some tools take for one: in one case, a path also
 * from the top of the disk, a URL by where it leads. As it is written it is the same for tools that
 * say nothing, or something else, about what the argument is.
 */
function likenesses(
  text: string,
  form: ArgumentForm | undefined,
  roots: readonly string[],
): readonly string[] | undefined {
  const isUrl = form === 'url' || (isText(form) && /^\s*https?:\/\//i.test(text))
  const address = isUrl ? addressOf(text) : undefined
  const forms = form === 'url' ? address : (amountsOf(text, form) ?? formOf(text, form))
  const whole = roots.flatMap((root) => canonical(resolve(root, text.trim()), 'path') ?? [])
  if (forms === undefined) return undefined
  return [...new Set([...forms, asWritten(text), ...(address ?? []), ...whole].map(fold))]
}

/** Where a URL leads, whatever its scheme and fragment, without needless escapes (RFC 3986, 6.2.2.2). */
function addressOf(text: string): readonly string[] | undefined {
  const url = parseUrl(text.trim().replace(/#.*$/s, ''))
  return url && [url.rest.replaceAll(/%(2[de]|3\d|[46][1-9a-f]|[57][0-9a]|5f|7e)/gi, unescaped)]
}

function unescaped(_: string, code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16))
}

/** Forms without a spelling of their own. */
function isText(
  form: ArgumentForm | undefined,
): form is 'text' | 'argv' | 'sql' | 'id' | undefined {
  return form === undefined || ['text', 'argv', 'sql', 'id'].includes(form)
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
  /** What calls that are permitted and have not run count as, by their ids. */
  readonly #waiting = new Map<string, readonly Seen[]>()

  constructor(sequences: readonly CompiledSequence[]) {
    this.#sequences = sequences
    this.#seen = this.#nothing()
  }

  /** With its id, a call can be withdrawn as long as it has not run. */
  permitted(tool: string, args: JsonObject, callId?: string): void {
    if (this.#sequences.length === 0) return
    if (callId === undefined) return this.#note('after', tool, args, this.#seen)
    const seen = this.#nothing()
    this.#note('after', tool, args, seen)
    this.withdraw(callId)
    this.#waiting.set(callId, seen)
    // some are never heard of again
    if (this.#waiting.size > maxWaiting) this.ran(this.#waiting.keys().next().value!)
  }

  /** The call is to be judged again. */
  withdraw(callId: string): void {
    this.#waiting.delete(callId)
  }

  /** What it was permitted for counts for good. */
  ran(callId: string): void {
    for (const [index, { any, values }] of (this.#waiting.get(callId) ?? []).entries()) {
      this.#add(index, any ? undefined : [...values], this.#seen)
    }
    this.#waiting.delete(callId)
  }

  /** Any call may have been made, and nobody knows which. */
  permittedAny(): void {
    for (const [index, { kind }] of this.#sequences.entries()) {
      if (kind === 'after') this.#seen[index]!.any = true
    }
  }

  succeeded(tool: string, args: JsonObject): void {
    this.#note('unless', tool, args, this.#seen)
  }

  check(tool: string, args: JsonObject): readonly Finding[] {
    return this.#sequences
      .filter((sequence, index) => {
        if (!sequence.concerns(tool)) return false
        return this.#happened(sequence, index, tool, args) === (sequence.kind === 'after')
      })
      .map(({ id, do: effect, position, reason }) => ({
        effect,
        rule: `sequences.${id}`,
        position,
        reason,
      }))
  }

  #nothing(): readonly Seen[] {
    return this.#sequences.map(() => ({ any: false, values: new Set<string>() }))
  }

  #note(
    kind: CompiledSequence['kind'],
    tool: string,
    args: JsonObject,
    into: readonly Seen[],
  ): void {
    for (const [index, sequence] of this.#sequences.entries()) {
      if (sequence.kind !== kind || !sequence.isEarlier(tool)) continue
      if (sequence.sameArg === undefined) into[index]!.any = true
      else this.#add(index, sequence.valuesOf(tool, args), into)
    }
  }

  /** A call that does not say which value, or one too many: as if it had been made with every one. */
  #add(index: number, values: readonly string[] | undefined, into: readonly Seen[]): void {
    const seen = into[index]!
    if (values === undefined || seen.values.size + values.length > maxValues) {
      seen.any ||= this.#sequences[index]!.kind === 'after'
    } else for (const value of values) seen.values.add(value)
  }

  /** A call that does not say which value has its like after anything, and no like before it. */
  #happened(sequence: CompiledSequence, index: number, tool: string, args: JsonObject): boolean {
    const all = [this.#seen, ...this.#waiting.values()].map((each) => each[index]!)
    if (all.some(({ any }) => any)) return true
    if (sequence.sameArg === undefined) return false
    const values = sequence.valuesOf(tool, args)
    const stops = sequence.kind === 'after'
    if (values === undefined) return stops && all.some((seen) => seen.values.size > 0)
    const isSeen = (value: string): boolean => all.some((seen) => seen.values.has(value))
    return stops ? values.some(isSeen) : values.every(isSeen)
  }
}
