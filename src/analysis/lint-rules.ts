import type { JsonValue } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { ArgumentTest, Rule, RuleArgument } from '../policy/document.ts'
import { sameJson } from '../policy/equality.ts'
import { isGlob } from '../policy/glob.ts'
import { rangeOf } from '../policy/required.ts'
import type { Name } from '../policy/shape.ts'
import type { LintContext } from './lint-context.ts'
import { isReachable, type ArgumentSchema, type Cover } from './reach.ts'
import { schemaOf } from './tool-schema.ts'
import { written } from './written.ts'

/** Rules that stand in front of one rule beyond this number are not looked at. */
const maxCovers = 64

/** Rules that can never have a say, because of themselves, the tool, or the rules around them. */
export function lintRules(context: LintContext): void {
  const { rules } = context.file
  const denies = coversAmong('deny', context)
  const asks = coversAmong('ask', context)
  for (const rule of rules) {
    if (!isPossible(rule, context)) continue
    lintSchemas(rule, context)
    if (rule.effect !== 'deny') lintShadowed(rule, denies, context)
    if (rule.effect === 'allow' && !rule.shadow) lintAsked(rule, asks, context)
    if (rule.except.length > 0) lintExcept(rule, context)
  }
  lintDuplicates(context)
}

/** For a deny that cannot be evaluated is as good as true. */
function ownSay({ effect }: Rule): 'true' | 'not-false' {
  return effect === 'deny' ? 'not-false' : 'true'
}

function isPossible(rule: Rule, { roles, diagnostics }: LintContext): boolean {
  const question = { counts: ownSay(rule), covers: [], roles } as const
  if (isReachable({ ...question, rule })) return true
  const alone = rule.args.find(
    (argument) => !isReachable({ ...question, rule: only(rule, argument) }),
  )
  if (alone !== undefined) {
    const name = shorten(alone.name.text, 64)
    const message = `no value of \`${name}\` passes the tests of rule \`${rule.id}\``
    diagnostics.warning(alone.name, 'never-true', message, { help: 'the rule can never apply' })
  } else {
    const message = `nobody meets the conditions of rule \`${rule.id}\` on the caller`
    diagnostics.warning(rule.at, 'never-true', message, {
      help: '`notWho` excludes everybody that `who` names; the rule can never apply',
    })
  }
  return false
}

/** The rule with one argument and no conditions on the caller. */
function only(rule: Rule, argument: RuleArgument): Rule {
  const { who: _who, notWho: _notWho, onlyArgs: _onlyArgs, ...rest } = rule
  return { ...rest, args: [argument] }
}

/** A rule that fits no call of any of its tools; a single tool of several is no finding. */
function lintSchemas(rule: Rule, context: LintContext): void {
  const schemas = rule.tools
    .flatMap((name) => context.targets(name))
    .map((target) => ({ target, schema: schemaFor(target, context) }))
  if (schemas.length === 0 || schemas.some(({ schema }) => schema === undefined)) return
  const question = { counts: ownSay(rule), covers: [], roles: context.roles } as const
  const misfit = ({ schema }: { schema: ArgumentSchema | undefined }): RuleArgument | undefined =>
    rule.args.find((argument) => !isReachable({ ...question, rule: only(rule, argument), schema }))
  const misfits = schemas.map(misfit)
  const [first] = misfits
  if (first === undefined || misfits.includes(undefined)) return
  const name = shorten(first.name.text, 64)
  const tool = shorten(schemas[0]!.target, 128)
  context.diagnostics.warning(
    first.name,
    'schema-mismatch',
    `no value that \`${tool}\` takes as \`${name}\` passes the tests of rule \`${rule.id}\``,
    { help: `compare the tests with the input schema of \`${tool}\`` },
  )
}

function schemaFor(target: string, { tools }: LintContext): ArgumentSchema | undefined {
  const tool = tools.get(target)
  return tool === undefined ? undefined : schemaOf(tool.input)
}

/** The rules of one effect that are about a target. */
type CoversOf = (target: string) => readonly Cover[]

function coversAmong(effect: Rule['effect'], { file, isAbout }: LintContext): CoversOf {
  const all = file.rules
    .filter((rule) => rule.effect === effect)
    .map((rule): Cover => ({ rule, when: 'not-false' }))
  const known = new Map<string, readonly Cover[]>()
  return (target) => {
    const covers = known.get(target) ?? all.filter(({ rule }) => isAbout(rule, target))
    known.set(target, covers)
    return covers
  }
}

function lintShadowed(rule: Rule, covers: CoversOf, context: LintContext): void {
  // an ask counts as well where it cannot be evaluated
  const counts = rule.effect === 'ask' ? 'not-false' : 'true'
  reportHidden(rule, counts, covers, context, (name, by) => ({
    code: 'shadowed',
    message: `${name} can never have an effect: ${by} always overrule${by.startsWith('the') ? '' : 's'} it`,
    help: 'a deny beats every other rule; narrow the deny, or remove this',
  }))
}

function lintAsked(rule: Rule, asks: CoversOf, context: LintContext): void {
  const covers: CoversOf = (target) =>
    asks(target).filter(
      (ask) => !ask.rule.except.some(({ text }) => mayHoldToo(text, rule, target, context)),
    )
  reportHidden(rule, 'true', covers, context, (name, by) => ({
    code: 'always-asked',
    message: `${name} never lets a call through: ${by} always ask${by.startsWith('the') ? '' : 's'} a person`,
    help: 'an ask beats an allow; name the allow in `except` of the ask, or remove it',
  }))
}

/** Whether the allow of this name may hold for a call that the rule holds for. */
function mayHoldToo(id: string, rule: Rule, target: string, { file }: LintContext): boolean {
  return file.rules.some(
    (other) =>
      other.id === id &&
      !other.shadow &&
      other.tools.some(({ text }) => text === target || isGlob(text) || isGlob(target)) &&
      !isApart(other, rule),
  )
}

function lintExcept(rule: Rule, { file, roles, diagnostics }: LintContext): void {
  const names = new Set(rule.except.map(({ text }) => text))
  const covers = file.rules
    .filter(
      ({ id, tools }) => names.has(id) && rule.tools.every(({ text }) => isListed(text, tools)),
    )
    .map((allow): Cover => ({ rule: allow, when: 'true' }))
  if (isReachable({ rule, counts: 'true', covers, roles })) return
  diagnostics.warning(
    rule.except[0]!,
    'never-asked',
    `rule \`${rule.id}\` never asks: whatever it fits, its exceptions fit as well`,
    { help: 'narrow the exceptions, or remove the rule' },
  )
}

function isListed(text: string, tools: readonly Name[]): boolean {
  return tools.some((tool) => tool.text === text || tool.text === '**')
}

interface Finding {
  readonly code: 'shadowed' | 'always-asked'
  readonly message: string
  readonly help: string
}

/** Reports the rule where all its tools are hidden, else each tool that is. */
function reportHidden(
  rule: Rule,
  counts: 'true' | 'not-false',
  covers: CoversOf,
  context: LintContext,
  finding: (name: string, by: string) => Finding,
): void {
  const hidden = rule.tools.map((name) => ({
    name,
    by: hiddenBy(rule, counts, covers, name, context),
  }))
  const report = (at: Name | Rule['at'], what: string, by: string): void => {
    const { code, message, help } = finding(what, by)
    context.diagnostics.warning(at, code, message, { help })
  }
  if (hidden.every(({ by }) => by !== undefined)) {
    report(rule.at, `rule \`${rule.id}\``, hidden[0]!.by!)
    return
  }
  for (const { name, by } of hidden) {
    if (by !== undefined) {
      report(name, `\`${shorten(name.text, 128)}\` in rule \`${rule.id}\``, by)
    }
  }
}

/** What stands in front of the rule for all tools of one of its names; undefined if something gets by. */
function hiddenBy(
  rule: Rule,
  counts: 'true' | 'not-false',
  covers: CoversOf,
  name: Name,
  context: LintContext,
): string | undefined {
  const targets = context.targets(name)
  if (targets.length === 0) return undefined
  const { roles } = context
  let all: readonly Cover[] = []
  for (const target of targets) {
    const schema = schemaFor(target, context)
    const fitting = covers(target)
      .filter((cover) => canHide(cover.rule, rule, schema) && !isApart(cover.rule, rule))
      .slice(0, maxCovers)
    if (fitting.length === 0) return undefined
    if (isReachable({ rule, counts, covers: fitting, roles, schema })) return undefined
    const one = fitting.find(
      (cover) => !isReachable({ rule, counts, covers: [cover], roles, schema }),
    )
    all = one === undefined ? fitting : [one]
  }
  return all.length === 1
    ? `rule \`${all[0]!.rule.id}\``
    : `the rules ${all.map((cover) => `\`${cover.rule.id}\``).join(', ')} together`
}

/** A cover that needs an argument the call may lack is escaped by leaving it out. */
function canHide(cover: Rule, rule: Rule, schema: ArgumentSchema | undefined): boolean {
  return cover.args.every(
    ({ name, optional }) =>
      (optional && cover.effect !== 'deny') ||
      schema?.isRequired(name.text) === true ||
      rule.args.some((own) => own.name.text === name.text && !own.optional),
  )
}

/** Told at a glance: some argument of both has no value that passes the tests of both. */
function isApart(cover: Rule, rule: Rule): boolean {
  return cover.args.some(({ name, optional, test: theirs }) => {
    const argument = rule.args.find((each) => each.name.text === name.text)
    if (argument === undefined || (optional && argument.optional)) return false
    const own = argument.test
    const listed = valuesOf(own)
    const others = valuesOf(theirs)
    if (listed !== undefined && others !== undefined) {
      return listed.every((value) => !others.some((other) => sameJson(value, other)))
    }
    if (own.type !== 'number' && own.type !== 'integer') return false
    const [low, high] = rangeOf(own)
    const [from, to] = rangeOf(theirs)
    return high < from || to < low
  })
}

function valuesOf({
  const: constant,
  enum: values,
}: ArgumentTest): readonly JsonValue[] | undefined {
  return constant === undefined ? values : [constant]
}

function lintDuplicates({ file, diagnostics }: LintContext): void {
  const seen = new Map<string, Rule>()
  for (const rule of file.rules) {
    const key = meaningOf(rule)
    const first = seen.get(key)
    if (first === undefined) seen.set(key, rule)
    else {
      const message = `rule \`${rule.id}\` says the same as rule \`${first.id}\``
      diagnostics.warning(rule.at, 'duplicate-rule', message, { help: 'remove one of them' })
    }
  }
}

/** The rule without name, reason and order: equal texts mean equal rules. */
function meaningOf({ id: _id, reason: _reason, at: _at, ...rule }: Rule): string {
  return written({
    ...rule,
    tools: sortedNames(rule.tools),
    who: sortedWho(rule.who),
    notWho: sortedWho(rule.notWho),
    args: rule.args
      .map(({ name, optional, test }) => ({ name: name.text, optional, test }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    except: sortedNames(rule.except),
    onlyArgs: rule.onlyArgs && sortedNames(rule.onlyArgs),
    approvers: rule.approvers && {
      ...rule.approvers,
      roles: rule.approvers.roles && sortedNames(rule.approvers.roles),
    },
  })
}

function sortedNames(list: readonly Name[]): readonly string[] {
  return list.map(({ text }) => text).toSorted()
}

function sortedWho(who: Rule['who']): object | undefined {
  if (who === undefined) return undefined
  return {
    ...who,
    roles: who.roles && sortedNames(who.roles),
    scopes: who.scopes?.toSorted(),
  }
}
