import type { Effect } from '../protocol/decision.ts'
import type { Flow, Limit, PolicyFile, Rule, Sequence, ToolEntry, Who } from '../policy/document.ts'
import type { Span } from '../policy/source.ts'
import { flowChecks, guardKinds } from './language.ts'
import { mutantsOfTest } from './mutants-of-test.ts'
import { isTestableLimit } from './testable.ts'

/** A policy with one thing changed. */
export interface Mutant {
  /** What was changed: a part was left out, an effect, a bound, or a member of a list. */
  readonly kind: 'dropped' | 'effect' | 'bound' | 'member'
  /**
   * Present for what no tests may miss: a rule, a flow check, a sequence or a guard that is left
   * out, weakened or inverted.
   */
  readonly essential?: true
  /** Present for what no test can spell out, since tests do not name a time. */
  readonly timed?: true
  /** As the end of "no test fails when …". */
  readonly what: string
  readonly at: Span
  readonly file: PolicyFile
}

/** A change of one part of a file. */
export interface Change<Part> {
  readonly kind: Mutant['kind']
  readonly essential?: true
  readonly timed?: true
  readonly what: string
  readonly at: Span
  readonly part: Part
}

/**
 * Every policy that differs from a file in one thing that matters to a decision: a part left out,
 * an effect weakened or inverted, a bound moved by one step, a member taken from a list. Parts
 * that only record (shadow rules) or act on results (`output`) are left alone.
 */
export function* mutants(file: PolicyFile): Generator<Mutant> {
  yield* inList(file, 'rules', mutantsOfRule)
  if (file.flow !== undefined) {
    for (const { part, ...change } of mutantsOfFlow(file.flow)) {
      yield { ...change, file: { ...file, flow: part } }
    }
  }
  yield* inList(file, 'sequences', mutantsOfSequence)
  yield* inList(file, 'limits', mutantsOfLimit)
  for (const kind of guardKinds) {
    const guards = file.guards[kind]
    for (const [index, { at }] of guards.entries()) {
      const rest = { ...file.guards, [kind]: guards.toSpliced(index, 1) }
      const what = `\`guards.${kind}\` has no entry ${index + 1}`
      yield { kind: 'dropped', essential, what, at, file: { ...file, guards: rest } }
    }
  }
  for (const [index, entry] of (file.tools ?? []).entries()) {
    for (const { part, ...change } of mutantsOfFacts(entry)) {
      yield { ...change, file: { ...file, tools: file.tools!.with(index, part) } }
    }
  }
}

type Lists = {
  readonly rules: Rule
  readonly sequences: Sequence
  readonly limits: Limit
}

const essential = true

/** An effect that was turned around; to ask in place of denying is weaker. */
function turned(effect: 'ask' | 'deny'): Pick<Mutant, 'kind' | 'essential'> {
  return effect === 'ask' ? { kind: 'effect', essential } : { kind: 'effect' }
}

function* inList<Key extends keyof Lists>(
  file: PolicyFile,
  key: Key,
  change: (part: Lists[Key]) => Iterable<Change<Lists[Key] | undefined>>,
): Generator<Mutant> {
  const list = file[key] as readonly Lists[Key][]
  for (const [index, part] of list.entries()) {
    for (const { part: changed, ...rest } of change(part)) {
      const parts = changed === undefined ? list.toSpliced(index, 1) : list.with(index, changed)
      yield { ...rest, file: { ...file, [key]: parts } }
    }
  }
}

const otherEffects: Readonly<Record<Effect, readonly Effect[]>> = {
  allow: ['ask', 'deny'],
  ask: ['allow', 'deny'],
  deny: ['ask', 'allow'],
}

function* mutantsOfRule(rule: Rule): Generator<Change<Rule | undefined>> {
  if (rule.shadow) return
  const { id, at, args, who, notWho, onlyArgs, except, from, until } = rule
  const name = `rule \`${id}\``
  yield { kind: 'dropped', essential, what: `${name} is left out`, at, part: undefined }
  for (const effect of otherEffects[rule.effect]) {
    // an ask that stops being one has nothing to be excepted from
    const part = { ...rule, effect, except: effect === 'ask' ? except : [] }
    const change = { kind: 'effect', what: `${name} says \`${effect}\``, at, part } as const
    yield rule.effect === 'allow' && effect === 'ask' ? change : { ...change, essential }
  }
  for (const [key, value] of Object.entries({ who, notWho })) {
    for (const { part, ...change } of mutantsOfWho(value, `\`${key}\` of ${name}`, at)) {
      const { [key as 'who']: _without, ...others } = rule
      yield { ...change, part: part === undefined ? others : { ...others, [key]: part } }
    }
  }
  yield* withoutMembers(rule, 'tools', name)
  yield* withoutMembers(rule, 'except', name)
  if (except.length === 1) {
    yield { kind: 'dropped', what: `${name} has no \`except\``, at, part: { ...rule, except: [] } }
  }
  const { onlyArgs: _only, ...anyArgs } = rule
  if (onlyArgs !== undefined) {
    yield { kind: 'dropped', what: `${name} has no \`onlyArgs\``, at, part: anyArgs }
  }
  const { from: _from, until: _until, ...always } = rule
  if (from !== undefined || until !== undefined) {
    const what = `${name} is valid at all times`
    yield { kind: 'dropped', timed: true, what, at, part: always }
  }
  for (const [index, argument] of args.entries()) {
    const place = `argument \`${argument.name.text}\` of ${name}`
    const without = { ...rule, args: args.toSpliced(index, 1) }
    yield { kind: 'dropped', what: `${place} is not looked at`, at: argument.name, part: without }
    for (const { part, ...change } of mutantsOfTest(argument.test, place)) {
      yield { ...change, part: { ...rule, args: args.with(index, { ...argument, test: part }) } }
    }
  }
}

/** A list of names with one member less; of a single member the whole is dropped elsewhere. */
function* withoutMembers(
  rule: Rule,
  key: 'tools' | 'except',
  name: string,
): Generator<Change<Rule>> {
  const list = rule[key]
  if (list.length < 2) return
  for (const [index, { text, start, end }] of list.entries()) {
    const what = `\`${key}\` of ${name} lacks \`${text}\``
    const part = { ...rule, [key]: list.toSpliced(index, 1) }
    yield { kind: 'member', what, at: { start, end }, part }
  }
}

const whoKeys = ['roles', 'scopes', 'tenants', 'agents', 'issuers'] as const

function* mutantsOfWho(
  who: Who | undefined,
  name: string,
  at: Span,
): Generator<Change<Who | undefined>> {
  if (who === undefined) return
  const keys = whoKeys.filter((key) => who[key] !== undefined)
  for (const key of keys) {
    const { [key]: list = [], ...others } = who
    const rest = keys.length === 1 ? undefined : others
    yield { kind: 'dropped', what: `${name} does not ask for \`${key}\``, at, part: rest }
    if (list.length < 2) continue
    for (const [index, member] of list.entries()) {
      const text = typeof member === 'string' ? member : member.text
      const part = { ...who, [key]: list.toSpliced(index, 1) }
      yield { kind: 'member', what: `${name} lacks \`${text}\` in \`${key}\``, at, part }
    }
  }
}

function* mutantsOfFlow(flow: Flow): Generator<Change<Flow>> {
  const { at } = flow
  for (const check of flowChecks) {
    const { [check]: effect, ...rest } = flow
    if (effect === undefined) continue
    yield { kind: 'dropped', essential, what: `\`flow.${check}\` is left out`, at, part: rest }
    const other = effect === 'ask' ? 'deny' : 'ask'
    const part = { ...flow, [check]: other } as Flow
    yield { ...turned(other), what: `\`flow.${check}\` says \`${other}\``, at, part }
  }
  for (const [index, entry] of flow.afterUntrusted.entries()) {
    const name = `entry ${index + 1} of \`flow.afterUntrusted\``
    const without = { ...flow, afterUntrusted: flow.afterUntrusted.toSpliced(index, 1) }
    yield { kind: 'dropped', essential, what: `${name} is left out`, at: entry.at, part: without }
    const effect = entry.effect === 'ask' ? 'deny' : 'ask'
    const part = { ...flow, afterUntrusted: flow.afterUntrusted.with(index, { ...entry, effect }) }
    yield { ...turned(effect), what: `${name} says \`${effect}\``, at: entry.at, part }
  }
}

function* mutantsOfSequence(sequence: Sequence): Generator<Change<Sequence | undefined>> {
  const { id, at, sameArg } = sequence
  const name = `sequence \`${id}\``
  yield { kind: 'dropped', essential, what: `${name} is left out`, at, part: undefined }
  const effect = sequence.do === 'ask' ? 'deny' : 'ask'
  yield {
    kind: 'effect',
    what: `${name} says \`${effect}\``,
    at,
    part: { ...sequence, do: effect },
  }
  const { sameArg: _sameArg, ...others } = sequence
  if (sameArg !== undefined) {
    yield { kind: 'dropped', what: `${name} has no \`sameArg\``, at, part: others }
  }
}

function* mutantsOfLimit(limit: Limit): Generator<Change<Limit | undefined>> {
  if (!isTestableLimit(limit)) return
  const { id, at, max, over } = limit
  const name = `limit \`${id}\``
  yield { kind: 'dropped', what: `${name} is left out`, at, part: undefined }
  const effect = over === 'ask' ? 'deny' : 'ask'
  const inverted = { ...limit, over: effect } as const
  yield { kind: 'effect', what: `${name} says \`${effect}\``, at, part: inverted }
  for (const moved of [max - 1, max + 1]) {
    if (moved <= 0) continue
    yield { kind: 'bound', what: `${name} ends at ${moved}`, at, part: { ...limit, max: moved } }
  }
}

function* mutantsOfFacts(entry: ToolEntry): Generator<Change<ToolEntry>> {
  for (const [index, { name, value }] of entry.args.entries()) {
    for (const fact of ['steers', 'carries'] as const) {
      if (value[fact] !== true) continue
      const args = entry.args.with(index, { name, value: { ...value, [fact]: false } })
      const what = `argument \`${name.text}\` of \`${entry.name.text}\` is not said to be \`${fact}\``
      yield { kind: 'dropped', what, at: name, part: { ...entry, args } }
    }
  }
}
