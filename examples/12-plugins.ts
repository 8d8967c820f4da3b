// Cedar as one more gate, a wrapper round tools, an observer, metrics and bills: plugins of a runtime.
import assert from 'node:assert/strict'
import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { createRuntime, defineTool, parsePolicy, type Plugin } from 'sallyport'
import { billing, externalGuard, logging, metrics, toolRegistry } from 'sallyport/plugins'
import { scripted } from 'sallyport/testing'

const paid: number[] = []
const pay = defineTool<{ to: string; amount: number }>({
  name: 'pay',
  description: 'Pays an amount.',
  input: {
    type: 'object',
    properties: { to: { type: 'string' }, amount: { type: 'integer' } },
    required: ['to', 'amount'],
  },
  execute: ({ amount }) => paid.push(amount),
})
const policy = await parsePolicy(`
  sallyport: 1
  name: payments
  identity: { anonymous: role, anonymousRole: clerk }
  roles: { clerk: {} }
  rules: [{ id: payments, allow: [pay] }]
`)

const staticPolicies = `
  permit (principal, action == Action::"pay", resource) when { context.amount <= 100 };
  forbid (principal, action, resource) when { context.to == "mallory" };`

/** Asked about what our policy lets pass; a call runs only where both agree. */
const cedar = externalGuard({
  name: 'cedar',
  check({ args, principal, tool }) {
    const answer = isAuthorized({
      principal: { type: 'User', id: principal?.subject ?? '' },
      action: { type: 'Action', id: tool },
      resource: { type: 'Tool', id: tool },
      context: args as { to: string; amount: number },
      policies: { staticPolicies },
      entities: [],
    })
    if (answer.type === 'failure') return { decision: 'deny', errors: answer.errors }
    const { decision, diagnostics } = answer.response
    return { decision, errors: diagnostics.errors, reasons: [`Cedar says ${decision}`] }
  },
})

const times: string[] = []
const timing: Plugin = {
  name: 'timing',
  setup: () => ({
    onEvent(event) {
      if (event.type === 'end') times.push(`run: ${event.status}`)
    },
    async wrapTool(call, next) {
      const started = performance.now()
      const value = await next()
      times.push(`${call.tool}: ${performance.now() - started < 1000 ? 'fast' : 'slow'}`)
      return value
    },
  }),
  dispose: () => void times.push('disposed'),
}

const lines: string[] = []
const write = (_: object, message: string): number => lines.push(message)
const counts = metrics()
const bills: number[] = []
const usage = { inputTokens: 1000, outputTokens: 50, cost: 0.001 }
const calls = [50, 500].map((amount) => ({ tool: 'pay', args: { to: 'ada', amount } }))
const thief = { tool: 'pay', args: { to: 'mallory', amount: 5 } }

const runtime = createRuntime({
  model: scripted([
    { calls: [...calls, thief], usage },
    { text: 'Paid what I may.', usage },
  ]),
  policy,
  plugins: [
    toolRegistry({ tools: async () => [pay] }),
    cedar,
    timing,
    logging({ debug: write, info: write, warn: write, error: write }),
    counts,
    billing({ report: ({ cost }) => void bills.push(cost?.amount ?? 0) }),
  ],
})
const { report } = await runtime.run({ input: 'pay the bills' }).result()
await runtime.close()

const decided = report.rows.map(({ decision }) => `${decision?.effect} by ${decision?.rule}`)
console.log(decided.join('\n'))
assert.deepEqual(decided, ['allow by payments', 'deny by hooks.cedar', 'deny by hooks.cedar'])
assert.deepEqual(paid, [50])
assert.deepEqual(times, ['pay: fast', 'run: completed', 'disposed'])
assert.deepEqual(bills, [0.001, 0.001])
assert(lines.includes('deny by `hooks.cedar`'))
assert(counts.prometheus().includes('sallyport_calls_total{tool="pay",status="success"} 1'))
