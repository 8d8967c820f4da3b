import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { counted, shorten } from '../base/text.ts'
import type { Policy } from '../policy/policy.ts'
import {
  callerOf,
  compileDraft,
  decideObserved,
  draftDocument,
  type Draft,
  type DraftRule,
} from './draft.ts'
import type { Observations, Outcome } from './observed.ts'
import { writePolicy } from './write-policy.ts'

/** Longest arguments of a call that becomes a test of the draft. */
const maxTestLength = 400

/** A draft as a commented policy file, for a person to read, change and put in force. */
export function draftText(draft: Draft, observations: Observations): string {
  const policy = compileDraft(draft)
  const tests = draft.rules.flatMap((rule) => testOf(rule, draft, policy))
  const plain = { ...draftDocument(draft), ...(tests.length === 0 ? {} : { tests }) }
  return writePolicy(plain, {
    head: intro(draft, observations),
    rules: draft.rules.map((rule) => ruleComment(rule, observations)),
  })
}

function intro(draft: Draft, { traces, calls, skipped }: Observations): readonly string[] {
  const numberOf = (outcome: Outcome): number =>
    calls.filter((call) => call.outcome === outcome).length
  const ran = numberOf('ran') + numberOf('ran-after-ask')
  const lines = [
    '',
    ` A draft: the least that covers what ran in ${counted(traces, 'trace')}. Read every rule before it is used:`,
    ' what was observed is not yet what is wanted, and an attack that succeeded was observed too.',
    ` Calls: ${ran} ran, ${numberOf('refused')} refused, ${numberOf('failed')} failed, ${skipped} without use.`,
  ]
  if (draft.conflicts.length > 0) {
    lines.push(
      ` ${draft.conflicts.length} calls are decided otherwise than when they were recorded: calls that`,
      '   are the same to a policy ran once and were refused once, such as at a limit.',
    )
  }
  if (draft.inexpressible.length > 0) {
    lines.push(
      ` ${draft.inexpressible.length} calls ran whose tool, role or argument names no policy can hold.`,
    )
  }
  if (draft.rules.some(({ group }) => group.role === undefined)) {
    lines.push(' Rules without `roles` come from callers without a role: they let everybody in.')
  }
  lines.push(' To do: say in `identity` who may call, and in `tools` what each tool does.')
  return lines
}

function ruleComment(rule: DraftRule, { calls }: Observations): readonly string[] {
  const { tool, role } = rule.group
  const subjects = new Set(rule.calls.map(({ principal }) => principal?.subject))
  const traces = new Set(rule.calls.map(({ trace }) => trace))
  const others = calls.filter((call) => call.tool === tool)
  const count = (outcome: Outcome): number =>
    others.filter((call) => call.outcome === outcome).length
  const asked = rule.effect === 'ask' ? ', each after a person agreed' : ''
  const lines = [
    ` From ${counted(rule.calls.length, 'call')} by ${counted(subjects.size, 'caller')} in ${counted(traces.size, 'trace')}${asked}.`,
  ]
  const [refused, failed] = [count('refused'), count('failed')]
  if (refused + failed > 0) {
    lines.push(` Of \`${shorten(tool, 128)}\`, ${refused} more were refused and ${failed} failed.`)
  }
  if (role === undefined) lines.push(' For callers without a role.')
  return lines
}

/** The first call of a rule as a test; none where its arguments are not to be written down. */
function testOf(rule: DraftRule, draft: Draft, policy: Policy): readonly JsonObject[] {
  const call = rule.calls.find((each) => decideObserved(policy, draft, each).rule === rule.id)
  if (call === undefined || !rule.args.every(isWritten)) return []
  const caller = callerOf(call, draft)
  if (JSON.stringify([call.args, caller]).length > maxTestLength) return []
  const { claims: _claims, ...principal } = caller ?? {}
  return [
    {
      name: `observed: ${rule.id}`,
      ...(caller === null ? {} : { as: { ...(principal as JsonObject), subject: 'somebody' } }),
      call: { tool: call.tool, args: call.args },
      expect: rule.effect,
      by: rule.id,
    },
  ]
}

/** Whether the values of an argument stand in the rule anyway, or are numbers. */
function isWritten({ test }: { readonly test: JsonValue }): boolean {
  if (!isObject(test)) return false
  return ['enum', 'const', 'minimum'].some((key) => Object.hasOwn(test, key))
}
