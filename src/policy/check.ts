import { shorten } from '../base/text.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { ArgumentTest, PolicyFile, Role, Rule } from './document.ts'
import { filesOf } from './inherited.ts'
import { checkUnique } from './names.ts'
import { rangeOf } from './required.ts'
import type { Name } from './shape.ts'
import { suggestionFor } from './suggest.ts'

type Unchecked = Pick<PolicyFile, 'roles' | 'rules' | 'limits' | 'sequences' | 'tests' | 'parents'>

/** What can be told about a file as a whole, without a catalogue of tools. */
export function checkFile(
  file: Unchecked,
  identityRoles: readonly Name[],
  diagnostics: Diagnostics,
): void {
  checkUnique('id of a rule', file.rules, diagnostics)
  checkUnique('id of a limit', file.limits, diagnostics)
  checkUnique('id of a sequence', file.sequences, diagnostics)
  checkRoles(file, identityRoles, diagnostics)
  checkCycles(file.roles, diagnostics)
  // a rule that could not be read is not in the list, though it exists
  if (!diagnostics.hasErrors) checkExcept(file.rules, diagnostics)
  for (const rule of file.rules) checkRanges(rule, diagnostics)
}

function checkRoles(
  file: Unchecked,
  identityRoles: readonly Name[],
  diagnostics: Diagnostics,
): void {
  const roles = [...file.roles, ...filesOf(file.parents).flatMap((parent) => parent.roles)]
  const known = roles.map((role) => role.name.text)
  const set = new Set(known)
  const check = (names: readonly Name[] = []): void => {
    for (const name of names) {
      if (set.has(name.text)) continue
      const message = `the role \`${name.text}\` is not defined`
      diagnostics.error(name, 'unknown-role', message, () => suggestionFor(name.text, known))
    }
  }
  check(identityRoles)
  for (const role of file.roles) check(role.inherits)
  for (const { who, notWho, approvers } of file.rules) {
    check(who?.roles)
    check(notWho?.roles)
    check(approvers?.roles)
  }
  for (const limit of file.limits) check(limit.who?.roles)
  for (const test of file.tests) {
    const strange = test.as?.roles?.find((role) => !set.has(role))
    if (strange !== undefined) {
      const message = `a test uses the role \`${shorten(strange, 64)}\`, which is not defined`
      // the place is the whole test: nothing there can be put in its stead
      diagnostics.warning(test.at, 'unknown-role', message, () => {
        return { help: suggestionFor(strange, known).help }
      })
    }
  }
}

/** Roles are removed as long as one inherits only removed ones; what stays is part of a cycle. */
function checkCycles(roles: readonly Role[], diagnostics: Diagnostics): void {
  const known = new Set(roles.map((role) => role.name.text))
  const done = new Set<string>()
  let left = roles
  for (let before = -1; before !== left.length;) {
    before = left.length
    left = left.filter((role) => {
      const open = role.inherits.some(({ text }) => known.has(text) && !done.has(text))
      if (!open) done.add(role.name.text)
      return open
    })
  }
  for (const role of left) {
    const message = `the role \`${role.name.text}\` inherits itself, or a role that does`
    diagnostics.error(role.name, 'role-cycle', message, {
      help: 'take a role out of an `inherits` that leads back to it',
    })
  }
}

function checkExcept(rules: readonly Rule[], diagnostics: Diagnostics): void {
  if (rules.every(({ except }) => except.length === 0)) return
  const allows = rules.filter((rule) => rule.effect === 'allow').map((rule) => rule.id)
  const known = new Set(allows)
  for (const name of rules.flatMap((rule) => rule.except)) {
    if (!known.has(name.text)) {
      const message = `\`${name.text}\` is not the id of an allow rule`
      diagnostics.error(name, 'unknown-rule', message, () => suggestionFor(name.text, allows))
    }
  }
}

function checkRanges(rule: Rule, diagnostics: Diagnostics): void {
  if (rule.effect === 'deny') return
  for (const { name, test } of rule.args) {
    if (isEmptyRange(test)) {
      const message = `no value of \`${name.text}\` lies in the range of rule \`${rule.id}\``
      diagnostics.warning(name, 'never-true', message, { help: 'the rule can never apply' })
    }
  }
}

function isEmptyRange(test: ArgumentTest): boolean {
  const [low, high] = rangeOf(test)
  const open = low === test.exclusiveMinimum || high === test.exclusiveMaximum
  const outside = (value: unknown): boolean =>
    typeof value === 'number' &&
    (value < low ||
      value > high ||
      value === test.exclusiveMinimum ||
      value === test.exclusiveMaximum)
  return (
    low > high ||
    (open && low === high) ||
    (test.minLength ?? 0) > (test.maxLength ?? Infinity) ||
    (test.minItems ?? 0) > (test.maxItems ?? Infinity) ||
    (test.enum !== undefined && test.enum.every(outside))
  )
}
