import { createMongoAbility, subject } from '@casl/ability'
import {
  isAuthorized,
  preparsePolicySet,
  statefulIsAuthorized,
  type AuthorizationAnswer,
} from '@cedar-policy/cedar-wasm/nodejs'
import { newEnforcer, newModelFromString } from 'casbin'

import type { DecisionRequest } from '../../src/policy/policy.ts'
import type { LoadEngine } from './engines.ts'
import { generatedRule, policyTools, rulesPerTool, type GeneratedRule } from './policy-text.ts'

interface ToolRule extends GeneratedRule {
  readonly tool: string
}

function rulesOf(count: number): ToolRule[] {
  const tools = policyTools(count, 'spread')
  return Array.from({ length: count }, (_, index) => ({
    ...generatedRule(index),
    tool: tools[Math.floor(index / rulesPerTool)]!,
  }))
}

/** A question is an answer that these engines do not have: there, such rules allow. */
const denies = ({ effect }: GeneratedRule): boolean => effect === 'deny'

function cedarText(rules: readonly ToolRule[]): string {
  return rules
    .map((rule) => {
      const { tool, customer, atLeast, atMost } = rule
      const bounds = [
        ...(atLeast === undefined ? [] : [` && context.amount >= ${atLeast}`]),
        ...(atMost === undefined ? [] : [` && context.amount <= ${atMost}`]),
      ]
      return `${denies(rule) ? 'forbid' : 'permit'}(principal in Role::"support", action == Action::"${tool}", resource) when { context.customer == "${customer}"${bounds.join('')} };`
    })
    .join('\n')
}

const user = { type: 'User', id: 'u1' }
const role = { type: 'Role', id: 'support' }
const entities = [
  { uid: user, attrs: {}, parents: [role] },
  { uid: role, attrs: {}, parents: [] },
]

function cedarCall({ tool, args }: DecisionRequest): {
  principal: typeof user
  action: typeof user
  resource: typeof user
  context: { customer: string; amount: number }
} {
  return {
    principal: user,
    action: { type: 'Action', id: tool },
    resource: { type: 'Desk', id: 'desk' },
    context: args as { customer: string; amount: number },
  }
}

function permitted(answer: AuthorizationAnswer): boolean {
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors).slice(0, 200))
  return answer.response.decision === 'allow'
}

/** Parses the text once; the answer is kept under the id inside the wasm module. */
function preparse(id: string, rules: readonly ToolRule[]): void {
  const answer = preparsePolicySet(id, { staticPolicies: cedarText(rules) })
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors).slice(0, 200))
}

const cedarStateless: LoadEngine = async (count) => {
  const policies = { staticPolicies: cedarText(rulesOf(count)) }
  return (request) => permitted(isAuthorized({ ...cedarCall(request), policies, entities }))
}

const cedarPreparsed: LoadEngine = async (count) => {
  const preparsedPolicySetId = `all ${count}`
  preparse(preparsedPolicySetId, rulesOf(count))
  return (request) =>
    permitted(statefulIsAuthorized({ ...cedarCall(request), preparsedPolicySetId, entities }))
}

/** The host picks the policies of the tool, which Cedar does not do by itself. */
const cedarPerTool: LoadEngine = async (count) => {
  const byTool = Map.groupBy(rulesOf(count), ({ tool }) => tool)
  for (const [tool, rules] of byTool) preparse(`${count} ${tool}`, rules)
  return (request) =>
    permitted(
      statefulIsAuthorized({
        ...cedarCall(request),
        preparsedPolicySetId: `${count} ${request.tool}`,
        entities,
      }),
    )
}

const casbinModel = `
[request_definition]
r = sub, tool, customer, amount
[policy_definition]
p = role, tool, customer, least, most, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.tool == p.tool && r.customer == p.customer && g(r.sub, p.role) && within(r.amount, p.least, p.most)
`

const casbin: LoadEngine = async (count) => {
  const enforcer = await newEnforcer(newModelFromString(casbinModel))
  await enforcer.addFunction(
    'within',
    (amount: number, least: string, most: string) =>
      (least === '' || amount >= Number(least)) && (most === '' || amount <= Number(most)),
  )
  await enforcer.addPolicies(
    rulesOf(count).map((rule) => [
      'support',
      rule.tool,
      rule.customer,
      String(rule.atLeast ?? ''),
      String(rule.atMost ?? ''),
      denies(rule) ? 'deny' : 'allow',
    ]),
  )
  await enforcer.addGroupingPolicy('u1', 'support')
  return ({ tool, args, principal }) => {
    const { customer, amount } = args as { customer: string; amount: number }
    return enforcer.enforceSync(principal?.subject, tool, customer, amount)
  }
}

/** An ability holds the rules of one role: the host has picked it. */
const casl: LoadEngine = async (count) => {
  // of rules that match the last one wins
  const rules = rulesOf(count).toSorted((a, b) => Number(denies(a)) - Number(denies(b)))
  const ability = createMongoAbility(
    rules.map((rule) => ({
      action: rule.tool,
      subject: 'Call',
      inverted: denies(rule),
      conditions: {
        customer: rule.customer,
        amount: {
          ...(rule.atLeast === undefined ? {} : { $gte: rule.atLeast }),
          ...(rule.atMost === undefined ? {} : { $lte: rule.atMost }),
        },
      },
    })),
  )
  return ({ tool, args }) =>
    ability.can(tool, subject('Call', { ...(args as Record<string, unknown>) }))
}

export const peerEngines: Readonly<Record<string, LoadEngine>> = {
  'cedar-wasm, text with every call': cedarStateless,
  'cedar-wasm, parsed before': cedarPreparsed,
  'cedar-wasm, parsed before, a set for each tool': cedarPerTool,
  casbin,
  casl,
}
