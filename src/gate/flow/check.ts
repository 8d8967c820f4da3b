import {
  escapeToken,
  isObject,
  type JsonObject,
  type JsonPrimitive,
  type JsonValue,
} from '../../base/json.ts'
import { positionOf } from '../../policy/compiled-rule.ts'
import type { Flow } from '../../policy/document.ts'
import { compileGlobs } from '../../policy/glob.ts'
import { entriesOf } from '../../policy/inherited.ts'
import type { Policy } from '../../policy/policy.ts'
import type { ArgumentLabel, Decision, Origin } from '../../protocol/decision.ts'
import { secrecyLevels } from '../../protocol/facts.ts'
import type { Finding } from '../finding.ts'
import { FlowArgument, policySource, type Trace } from './argument.ts'
import { secretSources, unvouchedLinks } from './carried.ts'
import { isEmpty, type Query } from './forms.ts'
import type { Ledger, Source } from './ledger.ts'
import { pinnedBy } from './pins.ts'
import { afterReason, linkReason, secretReason, steeringReason, type Problem } from './reasons.ts'
import { scalarsOf, shapesIn, valuesOf, type Place } from './scalars.ts'
import { Shape } from './shape.ts'

export interface FlowCall {
  readonly tool: string
  readonly args: JsonObject
  /** What the rules say about it. */
  readonly decision: Decision
}

/** What data flow has to say about one call. */
export interface FlowJudgement {
  /** `flow.untrustedSteering`, `flow.untrustedLinks`, `flow.secretsOut`, `flow.afterUntrusted`. */
  readonly findings: readonly Finding[]
  /** Of the steering and carrying arguments; the first 100. */
  readonly labels: readonly ArgumentLabel[]
}

const maxLabels = 100
const maxOrigins = 8

const reasons = {
  untrustedSteering: steeringReason,
  untrustedLinks: linkReason,
  secretsOut: secretReason,
} as const

/** The checks of one layer of a policy, for all its sessions. */
export class FlowCheck {
  readonly #policy: Policy
  readonly #inputOf: (tool: string) => JsonValue | undefined
  readonly #after: readonly {
    readonly stop: Flow['afterUntrusted'][number]
    readonly concerns: (tool: string) => boolean
  }[]
  readonly #arguments = new Map<string, readonly FlowArgument[]>()
  readonly #shapes = new WeakMap<JsonObject, ReturnType<typeof shapesIn>>()
  /** Of input schemas. */
  readonly #inputs = new WeakMap<JsonObject, Shape>()

  /** `inputOf` tells the input schema of a tool: which names of members it declares. */
  constructor(policy: Policy, inputOf: (tool: string) => JsonValue | undefined = () => undefined) {
    this.#policy = policy
    this.#inputOf = inputOf
    this.#after = (policy.document.flow?.afterUntrusted ?? []).map((stop) => ({
      stop,
      concerns: compileGlobs(stop.tools),
    }))
  }

  run({ tool, args, decision }: FlowCall, ledger: Ledger): FlowJudgement {
    const pins = pinnedBy(decision, this.#policy.document)
    const examination = new Examination(ledger, {
      isOutward: this.#isOutward(tool),
      checksSteering: this.#policy.document.flow?.untrustedSteering !== undefined,
      pins,
    })
    const shape = this.#shapeOf(this.#inputOf(tool))
    for (const argument of this.#argumentsOf(tool)) {
      const { name } = argument
      if (!Object.hasOwn(args, name)) continue
      const places = scalarsOf(args[name]!, `/${escapeToken(name)}`, shape.member(name))
      examination.examine(argument, places)
    }
    const { labels, problems } = examination
    return { findings: this.#findings(tool, problems, ledger), labels }
  }

  /**
   * The scalars of a value of a call, with the names of members that its schema leaves open, but for
   * names of arguments; undefined when there are too many.
   */
  valuesOf(
    value: JsonValue,
    { tool, args }: Pick<FlowCall, 'tool' | 'args'>,
  ): readonly JsonPrimitive[] | undefined {
    const input = this.#inputOf(tool)
    if (typeof value !== 'object' || input === undefined) return valuesOf(value)
    const shapes = this.#shapes.get(args) ?? shapesIn(args, this.#shapeOf(input))
    this.#shapes.set(args, shapes)
    return valuesOf(value, shapes.get(value))
  }

  /** The same of all arguments. */
  argumentsOf(call: Pick<FlowCall, 'tool' | 'args'>): readonly JsonPrimitive[] | undefined {
    if (valuesOf(call.args) === undefined) return undefined
    const parts = Object.values(call.args).map((value) => this.valuesOf(value, call))
    return parts.includes(undefined) ? undefined : parts.flatMap((values) => values ?? [])
  }

  #shapeOf(input: JsonValue | undefined): Shape {
    if (!isObject(input)) return Shape.of(input)
    const shape = this.#inputs.get(input) ?? Shape.of(input as JsonObject)
    this.#inputs.set(input, shape)
    return shape
  }

  /** Whether some tool of the policy lists the value as `known`. */
  knows(query: Query): boolean {
    const entries = entriesOf(this.#policy.document) ?? []
    return entries.some(({ name }) =>
      this.#argumentsOf(name.text).some((argument) => argument.knows(query)),
    )
  }

  #findings(
    tool: string,
    problems: Examination['problems'],
    { tainted }: Ledger,
  ): readonly Finding[] {
    const { flow, source } = this.#policy.document
    if (flow === undefined) return []
    const findings: Finding[] = []
    for (const check of ['untrustedSteering', 'untrustedLinks', 'secretsOut'] as const) {
      const effect = flow[check]
      if (effect === undefined || problems[check].length === 0) continue
      const reason = reasons[check](problems[check])
      const position = positionOf(flow.at, source)
      findings.push({ effect, rule: `flow.${check}`, position, reason })
    }
    if (!tainted) return findings
    for (const { concerns, stop } of this.#after) {
      if (!concerns(tool)) continue
      const { at, effect } = stop
      const position = positionOf(at, source)
      findings.push({ effect, rule: 'flow.afterUntrusted', position, reason: afterReason(tool) })
    }
    return findings
  }

  #argumentsOf(tool: string): readonly FlowArgument[] {
    const compiled = this.#arguments.get(tool)
    if (compiled !== undefined) return compiled
    const list = Object.entries(this.#policy.factsOf(tool).args ?? {})
      .filter(
        ([, { steers, carries, known }]) =>
          steers === true || carries === true || known !== undefined,
      )
      .map(([name, facts]) => new FlowArgument(tool, name, facts))
    this.#arguments.set(tool, list)
    return list
  }

  #isOutward(tool: string): boolean {
    const { sink } = this.#policy.factsOf(tool)
    return sink === 'external' || sink === 'public'
  }
}

interface About {
  readonly isOutward: boolean
  /** The policy says what becomes of untrusted values that steer. */
  readonly checksSteering: boolean
  /** Pointers that the rules pin. */
  readonly pins: readonly string[]
}

/** What is found out about the arguments of one call. */
class Examination {
  readonly problems = {
    untrustedSteering: [] as Problem[],
    untrustedLinks: [] as Problem[],
    secretsOut: [] as Problem[],
  }
  readonly labels: ArgumentLabel[] = []
  readonly #ledger: Ledger
  readonly #about: About

  constructor(ledger: Ledger, about: About) {
    this.#ledger = ledger
    this.#about = about
  }

  /** `places` is undefined for an argument with too many parts, of which everything is assumed. */
  examine(argument: FlowArgument, places: readonly Place[] | undefined): void {
    if (places === undefined) {
      const { facts, name } = argument
      const place = { argument: `/${escapeToken(name)}`, facts, sources: [], isTooLong: true }
      this.#note(place, { steering: true, links: true, secrets: true })
      return
    }
    for (const place of places) {
      if (!isEmpty(place.value)) this.#examinePlace(argument, place)
    }
  }

  #examinePlace(argument: FlowArgument, place: Place): void {
    const { facts } = argument
    const trace = this.#trace(argument, place)
    const seen = trace.untrusted === undefined ? [] : [trace.untrusted]
    const links = facts.carries === true ? this.#links(argument, place, trace) : []
    const linked = links.flatMap((link) => link ?? [])
    const secrets = facts.carries === true ? this.#secrets(place, trace) : undefined
    if (place.isPlainName && secrets === undefined) return
    const problem = { argument: place.pointer, facts }
    this.#note(
      { ...problem, sources: seen },
      {
        steering: trace.trusted === undefined && !place.isPlainName,
      },
    )
    this.#note({ ...problem, sources: linked }, { links: links.length > 0 })
    this.#note({ ...problem, sources: secrets ?? [] }, { secrets: secrets !== undefined })
    this.#label(place, trace, [...linked, ...(secrets ?? [])])
  }

  /** Records what applies: steering and links matter in tainted sessions, secrets on the way out. */
  #note(
    problem: Problem,
    {
      steering = false,
      links = false,
      secrets = false,
    }: Partial<Record<'steering' | 'links' | 'secrets', boolean>>,
  ): void {
    const { steers, carries } = problem.facts
    const { tainted } = this.#ledger
    if (steering && steers === true && tainted) this.problems.untrustedSteering.push(problem)
    if (links && carries === true && tainted) this.problems.untrustedLinks.push(problem)
    if (secrets && carries === true && this.#about.isOutward) this.problems.secretsOut.push(problem)
  }

  #trace(argument: FlowArgument, { pointer, value }: Place): Trace {
    const trace = argument.trace(value, this.#ledger)
    const isPinned = this.#about.pins.some(
      (pin) => pointer === pin || pointer.startsWith(`${pin}/`),
    )
    return trace.trusted === undefined && isPinned ? { ...trace, trusted: policySource } : trace
  }

  #links(
    argument: FlowArgument,
    { value }: Place,
    { trusted }: Trace,
  ): readonly (Source | undefined)[] {
    const { is, steers } = argument.facts
    // a whole link that steers is held against the same sources by the other check
    const { checksSteering } = this.#about
    const isChecked = checksSteering && steers === true && (is === 'url' || is === 'host')
    if (trusted !== undefined || isChecked || typeof value !== 'string') return []
    return unvouchedLinks(value, argument, this.#ledger)
  }

  /** Undefined when there are none. What the policy or a person has named is theirs to send. */
  #secrets({ value }: Place, { trusted }: Trace): readonly Source[] | undefined {
    const kind = trusted?.origin.kind
    if (kind === 'policy' || kind === 'approval') return undefined
    return secretSources(value, this.#ledger)
  }

  #label({ pointer }: Place, { trusted, untrusted }: Trace, carried: readonly Source[]): void {
    if (this.labels.length >= maxLabels) return
    const whole = trusted ?? untrusted
    const sources = [...(whole === undefined ? [] : [whole]), ...carried]
    const origins = new Map<string, Origin>()
    for (const { origin } of sources) origins.set(JSON.stringify(origin), origin)
    const secrecy = secrecyLevels.findLast((level) =>
      sources.some((source) => source.secrecy === level),
    )
    this.labels.push({
      argument: pointer,
      from: [...origins.values()].slice(0, maxOrigins),
      ...(secrecy === undefined ? {} : { secrecy }),
      trust: trusted !== undefined || !this.#ledger.tainted ? 'trusted' : 'untrusted',
    })
  }
}
