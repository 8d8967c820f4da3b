/** `spread`: ten rules for each tool; `one`: all rules on one tool. */
export type PolicyShape = 'spread' | 'one'

export const rulesPerTool = 10

export function policyTools(rules: number, shape: PolicyShape): string[] {
  const count = shape === 'one' ? 1 : Math.ceil(rules / rulesPerTool)
  return Array.from({ length: count }, (_, index) => `tool_${index}`)
}

/**
 * A policy of so many rules, all with conditions on the caller and on two arguments: of ten rules
 * seven allow, one asks and two deny. Each rule is about a customer of its own, so that for any
 * call at most one allows. Extra tools and rules come first and are not counted.
 */
export function policyText(
  rules: number,
  shape: PolicyShape,
  extra: { readonly tools: readonly string[]; readonly rules: readonly string[] } = {
    tools: [],
    rules: [],
  },
): string {
  const tools = policyTools(rules, shape)
  const written = Array.from({ length: rules }, (_, index) => {
    const tool = tools[shape === 'one' ? 0 : Math.floor(index / rulesPerTool)]!
    const { effect, amount } = conditions(index)
    return `  - {id: r${index}, ${effect}: [${tool}], who: {roles: [support]}, args: {customer: {const: c${index}}, amount: {${amount}}}}`
  })
  return [
    'sallyport: 1',
    'name: bench',
    'identity: {anonymous: role, anonymousRole: support}',
    'roles: {support: {}, lead: {inherits: [support]}}',
    'tools:',
    ...[...extra.tools, ...tools].map((tool) => `  ${tool}: {kind: read}`),
    'rules:',
    ...extra.rules.map((rule) => `  - ${rule}`),
    ...written,
    'limits:',
    "  - {id: calls, tools: ['**'], per: session, max: 1000000, over: deny}",
    '',
  ].join('\n')
}

function conditions(index: number): { effect: string; amount: string } {
  const { effect, atMost, atLeast } = generatedRule(index)
  if (effect === 'allow') return { effect, amount: `type: number, maximum: ${atMost}` }
  if (effect === 'ask') return { effect, amount: `type: number, minimum: ${atLeast}` }
  return { effect, amount: `minimum: ${atLeast}` }
}

/** What a rule of the policy says, for those who write policies otherwise; bounds on the amount are whole. */
export interface GeneratedRule {
  readonly effect: 'allow' | 'ask' | 'deny'
  readonly customer: string
  readonly atLeast?: number
  readonly atMost?: number
}

export function generatedRule(index: number): GeneratedRule {
  const customer = `c${index}`
  if (index % 10 < 7) return { effect: 'allow', customer, atMost: 100 + index }
  if (index % 10 === 7) return { effect: 'ask', customer, atLeast: 0 }
  return { effect: 'deny', customer, atLeast: 51 }
}

/** The same rules as JSON. */
export function policyJson(rules: number, shape: PolicyShape): string {
  const tools = policyTools(rules, shape)
  return JSON.stringify({
    sallyport: 1,
    name: 'bench',
    identity: { anonymous: 'role', anonymousRole: 'support' },
    roles: { support: {} },
    tools: Object.fromEntries(tools.map((tool) => [tool, { kind: 'read' }])),
    rules: Array.from({ length: rules }, (_, index) => {
      const { effect, customer, atLeast: minimum, atMost: maximum } = generatedRule(index)
      return {
        id: `r${index}`,
        [effect]: [tools[shape === 'one' ? 0 : Math.floor(index / rulesPerTool)]],
        who: { roles: ['support'] },
        args: { customer: { const: customer }, amount: { type: 'number', minimum, maximum } },
      }
    }),
  })
}
