import { presentAt } from '../base/json-path.ts'
import { canonicalJson } from '../base/digest.ts'
import { pointerOf, type JsonObject, type JsonValue } from '../base/json.ts'
import { isSallyportError } from '../base/errors.ts'
import { prepareRehearsals } from '../gate/rehearsal.ts'
import type { PolicyFile } from '../policy/document.ts'
import { filesOf } from '../policy/inherited.ts'
import type { Policy } from '../policy/policy.ts'
import type { Decision, Effect, Position } from '../protocol/decision.ts'
import type { ArgumentForm } from '../protocol/facts.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Tool } from '../tools/tool.ts'
import { missing, type Sample } from './cut-points.ts'
import { decideQuestion, type Approach, type Question } from './question.ts'
import { editsFor } from './rule-edits.ts'
import { argumentsOf, withValue } from './sample-arguments.ts'
import type { Begin } from './scenario.ts'

/** One change after which the call is decided otherwise; it was tried. */
export interface Flip {
  readonly kind: 'argument' | 'prompt' | 'role' | 'scope' | 'rule'
  /** As the end of "it would be … if". */
  readonly change: string
  readonly effect: Effect
  readonly rule: string
  /** Of a changed argument: where it is, and its new value; absent when it is left out. */
  readonly pointer?: string
  readonly value?: JsonValue
  /** Of a changed rule. */
  readonly position?: Position
}

export interface FlipOptions {
  readonly policy: Policy
  readonly begin: Begin
  readonly approach: Approach
  readonly tools: readonly Tool[] | undefined
  readonly compile: (file: PolicyFile) => Policy
}

/** A change that may help, the smaller the cheaper. */
interface Trial {
  readonly flip: Omit<Flip, 'effect' | 'rule'>
  readonly cost: number
  readonly question: Question
  /** The policy as it would be. */
  readonly edited?: PolicyFile
}

/** Changes that are tried at most. */
const maxTrials = 500

/**
 * The smallest single change of each kind that changes the effect of a decision, the smallest of
 * all first: another value of an argument, a value that the user names, a role or a scope more or
 * less, an edit of one rule. Each was decided again and does what it says. A refused call looks for
 * what allows it before what makes it a question.
 */
export async function findFlips(
  question: Question,
  decision: Decision,
  options: FlipOptions,
): Promise<readonly Flip[]> {
  const trials = [...trialsFor(question, options)]
    .toSorted((a, b) => a.cost - b.cost)
    .slice(0, maxTrials)
  const found = new Map<Flip['kind'], Flip & { readonly cost: number }>()
  for (const { flip, cost, ...trial } of trials) {
    const best = found.get(flip.kind)
    if (best !== undefined && rank(best.effect, decision.effect) === 0) continue
    const outcome = await decideTrial(trial, options)
    if (outcome === undefined || outcome.effect === decision.effect) continue
    const { effect, rule } = outcome
    if (best === undefined || rank(effect, decision.effect) < rank(best.effect, decision.effect)) {
      found.set(flip.kind, { ...flip, effect, rule, cost })
    }
  }
  return [...found.values()]
    .toSorted(
      (a, b) =>
        rank(a.effect, decision.effect) - rank(b.effect, decision.effect) || a.cost - b.cost,
    )
    .map(({ cost: _cost, ...flip }) => flip)
}

/** What one would rather have instead: to allow, and of a permitted call to see it refused. */
function rank(effect: Effect, before: Effect): number {
  const wanted: readonly Effect[] = before === 'allow' ? ['deny', 'ask'] : ['allow', 'ask', 'deny']
  return wanted.indexOf(effect)
}

async function decideTrial(
  { question, edited }: Pick<Trial, 'question' | 'edited'>,
  { policy, begin, approach, tools, compile }: FlipOptions,
): Promise<Decision | undefined> {
  if (edited === undefined) return decideQuestion(begin, policy, question, approach)
  try {
    const other = compile(edited)
    const beginOther = await prepareRehearsals(other, { tools: tools ?? [] })
    return await decideQuestion(beginOther, other, question, approach)
  } catch (error) {
    if (isSallyportError(error) && error.code === 'bad-policy') return undefined
    throw error
  }
}

function* trialsFor(question: Question, options: FlipOptions): Generator<Trial> {
  yield* argumentTrials(question, options)
  yield* promptTrials(question, options)
  if (question.principal !== null) yield* callerTrials(question, question.principal, options)
  for (const { what, position, file } of editsFor(options.policy.document, question)) {
    yield { flip: { kind: 'rule', change: what, position }, cost: 40, question, edited: file }
  }
}

function* argumentTrials(question: Question, { policy, tools }: FlipOptions): Generator<Trial> {
  const { tool, args, principal } = question
  const definition = tools?.find(({ name }) => name === tool)
  const files = filesOf([policy.document])
  const facts = policy.factsOf(tool).args ?? {}
  for (const { path, samples } of argumentsOf(tool, files, principal, definition).axes) {
    const before = presentAt(args, path)
    const pointer = pointerOf(path)
    const [name] = path
    const form = name !== undefined && Object.hasOwn(facts, name) ? facts[name]!.is : undefined
    for (const sample of samples) {
      if (isSame(before, sample)) continue
      yield {
        flip: argumentFlip(pointer, sample),
        // a text that cannot be what the argument means is proposed when nothing better helps
        cost: costOf(before, sample) + (sample === missing || hasForm(sample, form) ? 0 : 8),
        question: { ...question, args: withValue(args, path, sample) },
      }
    }
  }
}

const looksLike: Partial<Record<ArgumentForm, RegExp>> = {
  email: /^[^@/\s]+@[^@/\s]+$/,
  host: /^[^@/\s]+$/,
  url: /^[a-z][a-z0-9+.-]*:\/\//i,
}

/** Told by its look only: samples are made from the tests of all rules, whatever those mean. */
function hasForm(value: JsonValue, form: ArgumentForm | undefined): boolean {
  const look = form === undefined ? undefined : looksLike[form]
  if (look === undefined) return true
  if (Array.isArray(value)) return value.every((item) => hasForm(item as JsonValue, form))
  return typeof value !== 'string' || look.test(value)
}

function argumentFlip(pointer: string, sample: Sample): Trial['flip'] {
  if (sample === missing) {
    return { kind: 'argument', change: `\`${pointer}\` were left out`, pointer }
  }
  const change = `\`${pointer}\` were \`${JSON.stringify(sample)}\``
  return { kind: 'argument', change, pointer, value: sample }
}

function isSame(before: JsonValue | undefined, sample: Sample): boolean {
  if (sample === missing || before === undefined) return sample === missing && before === undefined
  return canonicalJson(before) === canonicalJson(sample)
}

/** Near values first, of the same type; then others; then arguments that come or go. */
function costOf(before: JsonValue | undefined, sample: Sample): number {
  if (before === undefined || sample === missing) return 12
  if (typeof before === 'number' && typeof sample === 'number') {
    const distance = Math.abs(before - sample)
    return 1 + distance / (1 + distance)
  }
  if (typeof before !== typeof sample || Array.isArray(before) !== Array.isArray(sample)) return 10
  // of texts, one that stands in a test comes before one that is only unlike
  return sample === 'other' ? 4 : 3
}

/** Values of the call that the user has not named. */
function* promptTrials(question: Question, { policy }: FlipOptions): Generator<Trial> {
  const facts = policy.factsOf(question.tool).args ?? {}
  const steering = Object.keys(facts).filter((name) => facts[name]!.steers === true)
  const values = steering.flatMap((name) => scalarsOf(question.args[name]))
  if (values.length === 0) return
  const names = steering.map((name) => `\`${pointerOf([name])}\``).join(', ')
  yield {
    flip: { kind: 'prompt', change: `the user named the value of ${names}` },
    cost: 6,
    question: { ...question, said: values.join('\n') },
  }
}

function scalarsOf(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value as JsonObject).flatMap(scalarsOf)
}

function* callerTrials(
  question: Question,
  principal: Principal,
  { policy }: FlipOptions,
): Generator<Trial> {
  const scopes = new Set(
    filesOf([policy.document]).flatMap(({ rules, roles }) => [
      ...rules.flatMap(({ who, notWho }) => [...(who?.scopes ?? []), ...(notWho?.scopes ?? [])]),
      ...roles.flatMap((role) => role.scopes ?? []),
    ]),
  )
  const changes = [
    ...changesOf('role', principal.roles, policy.roles),
    ...changesOf('scope', principal.scopes, [...scopes]),
  ]
  for (const { kind, change, cost, list } of changes) {
    const key = kind === 'role' ? 'roles' : 'scopes'
    const caller = { ...principal, [key]: list }
    yield { flip: { kind, change }, cost, question: { ...question, principal: caller } }
  }
}

interface CallerChange {
  readonly kind: 'role' | 'scope'
  readonly change: string
  readonly cost: number
  readonly list: readonly string[]
}

function changesOf(
  kind: CallerChange['kind'],
  has: readonly string[],
  known: readonly string[],
): readonly CallerChange[] {
  return [
    ...known
      .filter((name) => !has.includes(name))
      .map((name) => {
        const change = `the caller had the ${kind} \`${name}\``
        return { kind, change, cost: 20, list: [...has, name] }
      }),
    ...has.map((name) => {
      const change = `the caller did not have the ${kind} \`${name}\``
      return { kind, change, cost: 30, list: has.filter((other) => other !== name) }
    }),
  ]
}
