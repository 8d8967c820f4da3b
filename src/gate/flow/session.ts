import { randomUUID } from 'node:crypto'
import type { JsonObject, JsonPrimitive, JsonValue } from '../../base/json.ts'
import type { SourceKind } from '../../policy/document.ts'
import type { Policy, Sources } from '../../policy/policy.ts'
import { no, unknown, yes, type Truth } from '../../policy/truth.ts'
import type { Origin } from '../../protocol/decision.ts'
import type { Message, UserMessage } from '../../protocol/message.ts'
import type { Principal } from '../../protocol/principal.ts'
import { FlowCheck, type FlowCall, type FlowJudgement } from './check.ts'
import { endorsedForm, formsIn, formsOfNumber, idForm, isEmpty, openQuery } from './forms.ts'
import { leavesOf, levels, type Leaf } from './leaves.ts'
import { Ledger, type Source } from './ledger.ts'
import { scalarsOf } from './scalars.ts'
import { secretsIn } from './secrets.ts'
import { digestQuery } from './source-index.ts'
import { readsFrom, type Readings } from './readings.ts'
import { wordsOf } from './words.ts'

/** A call whose result the model sees. */
export interface FlowResult {
  readonly tool: string
  readonly callId: string
  readonly args: JsonObject
  /** The result, or the text the model is told instead. */
  readonly value: JsonValue
}

export interface FlowSessionOptions {
  /** Keys the digests. Default: a random one. */
  readonly key?: string
  /** The output schema of a tool, for `endorse: enum`. */
  readonly schemaOf?: (tool: string) => JsonValue | undefined
  /** Made of the same policy once, for all its sessions. */
  readonly check?: FlowCheck
}

/**
 * What one session has heard, for one layer of a policy, and what follows for its calls. Feed it everything
 * the model gets to see, in any order: `begin`, `addMessage`, `addResult`, `endorse`; ask it with
 * `check` and, as the `sources` of a decision, with `hold`. The state is a fold over what was fed:
 * the same messages and results make the same answers, and so does `restore(snapshot())`.
 *
 * A session is clean until it reads its first untrusted text and tainted from then on. Texts are
 * kept as keyed digests only; a look-up costs what the argument is long, not the session.
 */
export class FlowSession implements Sources {
  readonly #policy: Policy
  readonly #readings: Readings
  readonly #schemaOf: (tool: string) => JsonValue | undefined
  readonly #check: FlowCheck
  #ledger: Ledger

  constructor(policy: Policy, { key, schemaOf, check }: FlowSessionOptions = {}) {
    this.#policy = policy
    this.#readings = readsFrom(policy.document)
    this.#schemaOf = schemaOf ?? (() => undefined)
    this.#ledger = new Ledger(key ?? randomUUID())
    this.#check = check ?? new FlowCheck(policy)
  }

  /** Restored sessions go on as if they had never stopped. Throws a TypeError for other data. */
  static restore(
    policy: Policy,
    snapshot: JsonValue,
    options: FlowSessionOptions = {},
  ): FlowSession {
    const session = new FlowSession(policy, options)
    session.#ledger = Ledger.restore(snapshot)
    return session
  }

  snapshot(): JsonObject {
    return this.#ledger.snapshot()
  }

  /** Whether untrusted text has been read. */
  get tainted(): boolean {
    return this.#ledger.tainted
  }

  /** Who the session acts for: what is known about the principal is a trusted source. */
  begin(principal: Principal | null): void {
    if (principal === null) return
    const { subject, tenant, agent, claims = {} } = principal
    const scalars = scalarsOf(claims) ?? []
    for (const value of [subject, tenant, agent, ...scalars.map((place) => place.value)]) {
      if (typeof value === 'string')
        this.#addText('trusted', { kind: 'principal' }, 'internal', value)
    }
  }

  /**
   * User and system messages are sources of their own where `flow.trusted` says so, and untrusted
   * text where it does not; what a user attaches is untrusted and is not read. Answers of the model
   * are no source. A tool message counts as a result of that tool.
   */
  addMessage(message: Message): void {
    switch (message.role) {
      case 'assistant':
        return
      case 'tool':
        this.addResult({ ...message, args: {}, value: message.content })
        return
      case 'system':
        this.#hear('system', message.content)
        return
      case 'user':
        this.#hear('user', textOf(message))
        if (hasAttachment(message)) this.#ledger.taint()
    }
  }

  /** What a call answered, with the label its tool gives it. */
  addResult({ tool, callId, args, value }: FlowResult): void {
    const facts = this.#policy.factsOf(tool)
    const read = this.#readings.structure(tool, value, facts)
    const leaves = leavesOf(read, facts, this.#schemaOf(tool))
    const asked = this.#unheard(args)
    const isNamed = this.#isNamed(args)
    for (const leaf of leaves) {
      if (isEmpty(leaf.value)) continue
      const { pointer, secrecy } = leaf
      const origin: Origin = { kind: 'tool', tool, callId, field: pointer }
      this.#addLeaf(leaf, { origin, secrecy }, tool, asked)
      if (isNamed) this.#addScalar(`named:${tool}`, { origin, secrecy }, leaf.value)
      if (leaf.trust === 'untrusted') this.#ledger.taint()
    }
  }

  /** A person has seen and approved the call: its values may be used again in the same place. */
  endorse(tool: string, args: JsonObject): void {
    const forms = Object.entries(args).flatMap(([name, value]) =>
      (scalarsOf(value) ?? []).map((place) => endorsedForm(tool, name, place.value)),
    )
    this.#ledger.add('endorsed', { origin: { kind: 'approval' }, secrecy: 'internal' }, [], forms)
  }

  /**
   * Findings that make the decision of the rules stricter, and where the values of steering and
   * carrying arguments come from. Nothing changes: a call may be checked any number of times.
   */
  check(call: FlowCall): FlowJudgement {
    return this.#check.run(call, this.#ledger)
  }

  /**
   * Whether every scalar of the value occurs in one of the sources: `user` and `system` are
   * messages, `trusted` are results, principal and approvals, `policy` is what its tools call
   * `known`. Unknown where a source was too long to be kept or the value has too many parts. It
   * does not matter whether the session is tainted.
   */
  hold(value: JsonValue, kinds: readonly SourceKind[]): Truth {
    const scalars = scalarsOf(value)
    if (scalars === undefined) return unknown
    if (scalars.every((place) => isEmpty(place.value) || this.#holds(place.value, kinds)))
      return yes
    return kinds.some((kind) => this.#ledger.isFull(kind)) ? unknown : no
  }

  #holds(value: JsonPrimitive, kinds: readonly SourceKind[]): boolean {
    const query = openQuery(value)
    const digested = digestQuery(query, this.#ledger.digest)
    return kinds.some((kind) =>
      kind === 'policy'
        ? this.#check.knows(query)
        : this.#ledger.find(kind, digested) !== undefined,
    )
  }

  #hear(kind: 'user' | 'system', text: string): void {
    const trusted: readonly string[] = this.#policy.document.flow?.trusted ?? ['user', 'system']
    if (trusted.includes(kind)) {
      this.#addText(kind, { kind }, 'internal', text)
      this.#ledger.add('said', { origin: { kind }, secrecy: 'internal' }, [], secretsIn(text))
    } else if (text.trim() !== '') {
      this.#addText('untrusted', { kind }, 'internal', text)
      this.#ledger.taint()
    }
  }

  /** Scalars of the arguments that only the model has said so far. */
  #unheard(args: JsonObject): readonly JsonPrimitive[] {
    const scalars = scalarsOf(args) ?? []
    return scalars
      .map(({ value }) => value)
      .filter((value) => !isEmpty(value) && !this.#holds(value, ['user', 'system']))
  }

  /** Whether people have named what the call was to read: all its texts, and there is one. */
  #isNamed(args: JsonObject): boolean {
    const scalars = scalarsOf(args)
    const texts = scalars?.filter(({ value }) => typeof value === 'string' && !isEmpty(value)) ?? []
    return texts.length > 0 && texts.every(({ value }) => this.#holds(value, ['user', 'system']))
  }

  #addLeaf(leaf: Leaf, source: Source, tool: string, asked: readonly JsonPrimitive[]): void {
    const { value, trust, endorsed } = leaf
    const isId = typeof value === 'string' ? /^\S{1,128}$/.test(value) : typeof value === 'number'
    if (isId) {
      this.#ledger.add(`ids:${tool}`, source, [], [idForm(value), ...formsOf(value, false)])
    }
    // a tool that repeats what it was asked does not vouch for it
    if (trust === 'trusted') this.#addScalar('trusted', source, value, { endorsed, asked })
    else this.#addScalar('untrusted', source, value)
    this.#addSecrets(value, source, asked)
  }

  #addSecrets(value: JsonPrimitive, source: Source, asked: readonly JsonPrimitive[]): void {
    const from = this.#policy.document.flow?.secretFrom ?? 'private'
    if (levels.indexOf(source.secrecy) < levels.indexOf(from) || typeof value === 'boolean') return
    const own = new Set(asked.flatMap((item) => [...secretsIn(String(item))]))
    const secrets = [...secretsIn(String(value))].filter((part) => !own.has(part))
    this.#ledger.add('secrets', source, [], secrets)
  }

  #addText(shelf: string, origin: Origin, secrecy: Source['secrecy'], text: string): void {
    this.#addScalar(shelf, { origin, secrecy }, text)
  }

  #addScalar(
    shelf: string,
    source: Source,
    value: JsonPrimitive,
    { endorsed = false, asked = [] }: { endorsed?: boolean; asked?: readonly JsonPrimitive[] } = {},
  ): void {
    const repeated = new Set(asked.flatMap((item) => [...formsOf(item, false)]))
    const forms = [...formsOf(value, endorsed)].filter((form) => !repeated.has(form))
    const words = typeof value === 'number' ? [] : wordsOf(String(value))
    const runs = asked.map((item) => wordsOf(String(item)))
    const [first = [], ...rest] = without(words, runs)
    this.#ledger.add(shelf, source, first, forms)
    for (const run of rest) this.#ledger.add(shelf, source, run, [])
  }
}

/** A value that is trusted for its shape alone is no address, whatever it looks like. */
function formsOf(value: JsonPrimitive, endorsed: boolean): Iterable<string> {
  if (typeof value === 'number') return formsOfNumber(value)
  if (typeof value !== 'string') return []
  const forms = formsIn(value)
  return endorsed ? [...forms].filter((form) => !/^(url|host|email|iban|path):/.test(form)) : forms
}

/** The words in front of, between and behind the runs. */
function without(
  words: readonly string[],
  runs: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const parts: string[][] = [[]]
  for (let at = 0; at < words.length;) {
    const run = runs.find(
      (candidate) =>
        candidate.length > 0 && candidate.every((word, offset) => words[at + offset] === word),
    )
    if (run === undefined) parts.at(-1)!.push(words[at++]!)
    else {
      parts.push([])
      at += run.length
    }
  }
  return parts.filter((part) => part.length > 0)
}

function textOf({ content }: UserMessage): string {
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
}

function hasAttachment({ content }: UserMessage): boolean {
  return typeof content !== 'string' && content.some(({ type }) => type !== 'text')
}
