import {
  isObject,
  parseJson,
  type JsonObject,
  type JsonPrimitive,
  type JsonValue,
} from '../../base/json.ts'
import type { SourceKind } from '../../policy/document.ts'
import type { Policy, Sources } from '../../policy/policy.ts'
import { no, unknown, yes, type Truth } from '../../policy/truth.ts'
import { vouchingForNothing, type OutputFacts, type TextLabel } from '../../protocol/facts.ts'
import type { AssistantPart, Message, ToolMessage } from '../../protocol/message.ts'
import type { Principal } from '../../protocol/principal.ts'
import { Allowance } from './allowance.ts'
import { FlowCheck, type FlowCall, type FlowJudgement } from './check.ts'
import { endorsedForm, isEmpty } from './forms.ts'
import { strictLeavesOf, type Leaf } from './leaves.ts'
import { Ledger, type Source } from './ledger.ts'
import { hasAttachment, textOf, wholeText } from './message-text.ts'
import { printOf } from './print.ts'
import { Repetition, rowsOf } from './repetition.ts'
import type { FlowResult } from './result.ts'
import { valuesOf } from './scalars.ts'
import { secretsIn } from './secrets.ts'
import { Shelving } from './shelving.ts'
import { isHeld } from './vouched.ts'
import { readsFrom, type Readings } from './readings.ts'

export interface FlowSessionOptions {
  /** Words and values kept of one kind of source. Default 500,000. */
  readonly maxDigests?: number
  /** The output schema of a tool, for `endorse: enum`. */
  readonly schemaOf?: (tool: string) => JsonValue | undefined
  /** Made of the same policy once, for all its sessions. */
  readonly check?: FlowCheck
}

/**
 * What one session has heard, for one layer of a policy, and what follows for its calls. Feed it
 * everything the model gets to see, in any order: `begin`, `addMessage`, `addResult`, `endorse`;
 * ask it with `check` and, as the `sources` of a decision, with `hold`. The state is a fold over
 * what was fed: the same messages and results make the same answers.
 *
 * A session is clean until it reads its first untrusted text and tainted from then on. Texts are
 * kept as keyed digests only; a look-up costs what the argument is long, not the session.
 */
export class FlowSession implements Sources {
  readonly #policy: Policy
  readonly #readings: Readings
  readonly #schemaOf: (tool: string) => JsonValue | undefined
  readonly #check: FlowCheck
  /** Arguments of calls in the messages, for the answers that follow them. */
  readonly #proposed = new Map<string, JsonObject>()
  readonly #ledger: Ledger

  constructor(policy: Policy, { schemaOf, check, maxDigests }: FlowSessionOptions = {}) {
    this.#policy = policy
    this.#readings = readsFrom(policy.document)
    this.#schemaOf = schemaOf ?? (() => undefined)
    this.#ledger = new Ledger(maxDigests)
    this.#check = check ?? new FlowCheck(policy)
  }

  /** Whether untrusted text has been read. */
  get tainted(): boolean {
    return this.#ledger.tainted
  }

  /** Who the session acts for: what is known about the principal is a trusted source. */
  begin(principal: Principal | null): void {
    if (principal === null) return
    const { subject, tenant, agent, claims = {} } = principal
    for (const value of [subject, tenant, agent, ...(valuesOf(claims) ?? [])]) {
      if (typeof value === 'string')
        this.#shelving.put(
          'trusted',
          { origin: { kind: 'principal' }, secrecy: 'internal' },
          printOf(value),
        )
    }
  }

  /**
   * User and system messages are sources of their own where `flow.trusted` says so, and untrusted
   * text where it does not; what a user attaches is untrusted and is not read. Answers of the model
   * are no source. A tool message counts as a result of the call that a message before it has made.
   */
  addMessage(message: Message, isVouched = true): void {
    switch (message.role) {
      case 'assistant':
        for (const part of message.content) this.#propose(part)
        return
      case 'tool':
        this.#addAnswer(message, isVouched)
        return
      case 'system':
        this.#hear('system', message.content)
        return
      case 'user':
        if (message.label === undefined) this.#hear('user', textOf(message))
        else this.#hearLabelled(textOf(message), message.label)
        if (hasAttachment(message)) this.#ledger.taint()
    }
  }

  /** A message of nobody known, whatever its role. */
  addForeign(message: Message): void {
    this.#hearLabelled(wholeText(message), { trust: 'untrusted', secrecy: 'internal' })
  }

  /**
   * What a call answered, with the label its tool gives it. An agent has told this session of all it
   * has read: its answer is as untrusted and as secret as its label says beyond that, never trusted.
   * What is foreign is untrusted as a whole, and as secret as any part of it could be.
   */
  addResult(result: FlowResult): void {
    if (result.isForeign === true) return this.#addResult(result, undefined)
    if (result.isDelegated !== true) return this.#addResult(result, this.#check.argumentsOf(result))
    const { output, fields } = this.#policy.factsOf(result.tool)
    if (output !== undefined || fields !== undefined) this.#addResult(result, undefined)
  }

  /** `asked` is undefined where nobody can tell what the tool was asked: it vouches for nothing. */
  #addResult(
    { tool, callId, value, isError = false }: FlowResult,
    asked: readonly JsonPrimitive[] | undefined,
    labels: readonly OutputFacts[] = [],
  ): void {
    const stated = this.#policy.factsOf(tool)
    const facts = asked === undefined ? vouchingForNothing(stated) : stated
    const { read: data, ids } = isError
      ? { read: value, ids: [] }
      : this.#readings.read(tool, value, facts)
    const unheard = this.#unheard(asked ?? [])
    const isVouched = (item: JsonPrimitive): boolean => this.#holds(item, ['trusted'])
    const repeated = new Repetition(unheard, this.#ledger.digest, isVouched)
    // what vouches for them already goes on doing so
    const unvouched = unheard.filter((item) => !isVouched(item))
    const shelving = this.#shelving
    let answers = false
    const isNamed = this.#isNamed(asked ?? [])
    const isListing = !isError && asked !== undefined
    const allowance = new Allowance()
    const sourceAt = ({ pointer, secrecy }: Pick<Leaf, 'pointer' | 'secrecy'>): Source => ({
      origin: { kind: 'tool', tool, callId, field: pointer },
      secrecy,
    })
    for (const leaf of strictLeavesOf(data, [facts, ...labels], this.#schemaOf(tool))) {
      if (isEmpty(leaf.value)) continue
      if (leaf.trust === 'untrusted') this.#ledger.taint()
      const part = allowance.take(leaf.value)
      if (part !== leaf.value) shelving.miss(leaf)
      const [source, print] = [sourceAt(leaf), printOf(part)]
      const read = { ...leaf, value: part }
      // the message of a failure is of whoever writes about the call, and may cut what it repeats
      if (isError || leaf.isPlainName) {
        shelving.addMute(read, source, print, repeated)
        continue
      }
      if (shelving.addLeaf(read, source, print, repeated)) answers = true
      if (isNamed) shelving.put(`named:${tool}`, source, print)
      if (isListing) shelving.addId(tool, source, part, print, repeated)
    }
    const { secrecy = 'internal' } = facts.output ?? {}
    for (const id of isListing ? ids : []) {
      shelving.addId(tool, sourceAt({ pointer: '', secrecy }), id, printOf(id), repeated)
    }
    if (!answers) return
    for (const words of rowsOf(unvouched.map(printOf))) {
      shelving.put('asked', sourceAt({ pointer: '', secrecy }), { words, forms: [] })
    }
  }

  /** A person has seen and approved the call: its values may be used again in the same place. */
  endorse(tool: string, args: JsonObject): void {
    const forms = Object.entries(args).flatMap(([name, value]) =>
      (this.#check.valuesOf(value, { tool, args }) ?? []).map((item) =>
        endorsedForm(tool, name, item),
      ),
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
  hold(
    value: JsonValue,
    kinds: readonly SourceKind[],
    call?: Pick<FlowCall, 'tool' | 'args'>,
  ): Truth {
    const values = call === undefined ? valuesOf(value) : this.#check.valuesOf(value, call)
    if (values === undefined) return unknown
    if (values.every((item) => isEmpty(item) || this.#holds(item, kinds))) return yes
    return kinds.some((kind) => this.#ledger.isFull(kind)) ? unknown : no
  }

  #holds(value: JsonPrimitive, kinds: readonly SourceKind[]): boolean {
    return isHeld(value, kinds, this.#ledger, this.#check)
  }

  #propose(part: AssistantPart): void {
    if (part.type !== 'tool-call') return
    const args = parseJson(part.arguments)
    if (args.ok && isObject(args.value)) this.#proposed.set(part.callId, args.value as JsonObject)
  }

  #addAnswer({ tool, callId, content, isError, labels }: ToolMessage, isVouched: boolean): void {
    const args = isVouched ? this.#proposed.get(callId) : undefined
    this.#proposed.delete(callId)
    const result = { tool, callId, args: args ?? {}, value: content, isError }
    const asked = args === undefined ? undefined : this.#check.argumentsOf(result)
    this.#addResult(result, asked, labels)
  }

  /** A text that nobody has typed vouches for nothing, however trusted what it is about was. */
  #hearLabelled(said: string, { trust, secrecy }: TextLabel): void {
    const source: Source = { origin: { kind: 'user' }, secrecy }
    const shelving = this.#shelving
    const text = String(new Allowance().take(said))
    if (text !== said) shelving.miss({ trust: 'untrusted', secrecy })
    shelving.addSecrets(text, source)
    if (trust === 'trusted') return
    shelving.put('untrusted', source, printOf(text))
    this.#ledger.taint()
  }

  #hear(kind: 'user' | 'system', said: string): void {
    const text = String(new Allowance().take(said))
    if (text !== said) this.#ledger.miss(kind)
    const source: Source = { origin: { kind }, secrecy: 'internal' }
    const trusted: readonly string[] = this.#policy.document.flow?.trusted ?? ['user', 'system']
    if (trusted.includes(kind)) {
      this.#shelving.put(kind, source, printOf(text))
      this.#ledger.add('said', source, [], secretsIn(text))
    } else if (said.trim() !== '') {
      this.#shelving.put('untrusted', source, printOf(text))
      this.#ledger.taint()
    }
  }

  /** What only the model has said so far. */
  #unheard(values: readonly JsonPrimitive[]): readonly JsonPrimitive[] {
    return values.filter((value) => !isEmpty(value) && !this.#holds(value, ['user', 'system']))
  }

  /** Whether people have named what the call was to read: all its texts, and there is one. */
  #isNamed(values: readonly JsonPrimitive[]): boolean {
    const texts = values.filter((value) => typeof value === 'string' && !isEmpty(value))
    return texts.length > 0 && texts.every((text) => this.#holds(text, ['user', 'system']))
  }

  get #shelving(): Shelving {
    return new Shelving(this.#ledger, this.#policy.document.flow?.secretFrom ?? 'private')
  }
}
