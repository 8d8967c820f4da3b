import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/gate/index.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { policyOf, user } from '../support/agent.ts'

const policy = policyOf({ rules: [{ id: 'pay', allow: ['pay'] }] })
const input = { type: 'object', properties: { amount: { type: 'number' } } }
const pay = { name: 'pay', inputSchema: input }
const call = { tool: 'pay', args: { amount: 1 } }

const execute = (): void => undefined

describe('a tool of a gate', () => {
  const defined = defineTool({ name: 'pay', description: '', input, execute })
  test.each<[string, object, string, RegExp]>([
    ['made for a runtime', defined, 'input', /`inputSchema`.*`defineTool`.*runtime/],
    ['defined for one', { name: 'pay', input, execute }, 'input', /`inputSchema`/],
    ['with a function', { ...pay, execute }, 'execute', /leave it out.*settles/],
    [
      'in the words of a provider',
      { name: 'pay', parameters: input },
      'parameters',
      /`inputSchema`/,
    ],
    ['in those of another', { name: 'pay', input_schema: input }, 'input_schema', /`inputSchema`/],
    ['with a result schema', { ...pay, output: input }, 'output', /`outputSchema`/],
    ['with retries', { ...pay, retry: { attempts: 2 } }, 'retry', /the members are `name`, `desc/],
  ])('%s is refused with the word that is meant', async (_, tool, member, help) => {
    await expect(createGate(policy, { tools: [tool as never] })).rejects.toMatchObject({
      code: 'bad-tool',
      message: `a tool of a gate has no member \`${member}\``,
      help: expect.stringMatching(help),
    })
  })
})

test('a gate needs a loaded policy', async () => {
  await expect(createGate('desk.yaml' as never, { tools: [pay] })).rejects.toMatchObject({
    code: 'bad-option',
    message: '`policy` is not a loaded policy',
  })
})

describe('a principal', () => {
  test.each<[string, unknown, string]>([
    ['without a name', { ...user, subject: '' }, '`subject`'],
    ['with a number for a name', { ...user, subject: 7 }, '`subject`'],
    ['without roles', { subject: 'ada', scopes: [] }, '`roles`'],
    ['with one role for all', { ...user, roles: 'lead' }, '`roles`'],
    ['without scopes', { subject: 'ada', roles: [] }, '`scopes`'],
    ['of no tenant', { ...user, tenant: '' }, '`tenant`'],
    ['of an agent without a name', { ...user, agent: null }, '`agent`'],
    ['of an issuer that is none', { ...user, issuer: 1 }, '`issuer`'],
    ['with one actor for all', { ...user, actors: 'bot' }, '`actors`'],
    ['with a claim for all', { ...user, claims: 'all' }, '`claims`'],
    ['that is a name', 'ada', 'not an object'],
    ['that is missing', undefined, 'principal'],
    ['that is no JSON', { ...user, claims: { big: 1n } }, 'no plain data'],
  ])('%s may ask nothing', async (_, principal, named) => {
    await using gate = await createGate(policy, { tools: [pay] })
    const refusal = { code: 'bad-option', message: expect.stringContaining(named) }
    const given = principal as never
    await expect(gate.judge(call, given, 's')).rejects.toMatchObject(refusal)
    await expect(gate.hear([], given, 's')).rejects.toMatchObject(refusal)
    await expect(gate.end(given, 's')).rejects.toMatchObject(refusal)
  })

  test('with everything it may have is taken', async () => {
    await using gate = await createGate(policy, { tools: [pay] })
    const whole = {
      subject: 'ada',
      issuer: 'i',
      roles: ['r'],
      scopes: ['s'],
      tenant: 't',
      agent: 'a',
      actors: ['b'],
      claims: { x: 1 },
    }
    expect(await gate.judge(call, whole, 's')).toMatchObject({ outcome: 'run' })
  })
})

test.each([
  ['call', [undefined, user, 's'], 'pass an object'],
  ['tool', [{ args: {} }, user, 's'], 'pass a string'],
  ['session', [call, user, undefined], 'pass a string'],
])(
  'a `%s` that is missing is asked for: nobody is told to leave it out',
  async (name, given, help) => {
    await using gate = await createGate(policy, { tools: [pay] })
    const [proposed, principal, session] = given as Parameters<typeof gate.judge>
    await expect(gate.judge(proposed, principal, session)).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining(`\`${name}\` is not`),
      help,
    })
  },
)

test('an outcome with neither a result nor an error, or with both, settles nothing', async () => {
  await using gate = await createGate(policy, { tools: [pay] })
  const { callId } = await gate.judge(call, user, 's')
  for (const outcome of [{}, { content: 'paid' }, undefined]) {
    await expect(gate.settle(callId, outcome as never)).rejects.toMatchObject({
      code: 'bad-option',
      message: 'the outcome has neither a `result` nor an `error`',
    })
  }
  const both = gate.settle(callId, { result: 'paid', error: undefined })
  await expect(both).rejects.toMatchObject({
    code: 'bad-option',
    message: 'the outcome has both a `result` and an `error`',
  })
  expect(await gate.settle(callId, { result: undefined })).toMatchObject({ status: 'success' })
})

test('a gate that was closed judges nothing more', async () => {
  const gate = await createGate(policy, { tools: [pay] })
  await gate.judge(call, user, 's')
  await gate.close()
  const refusal = { code: 'runtime-closed' }
  await expect(gate.judge(call, user, 's')).rejects.toMatchObject(refusal)
  await expect(gate.hear([], user, 's')).rejects.toMatchObject(refusal)
  await expect(gate.end(user, 's')).rejects.toMatchObject(refusal)
})

describe('arguments that a framework has parsed', () => {
  test('may be of any type that it gives them', async () => {
    await using gate = await createGate(policy, { tools: [pay] })
    const typed: { amount: number; note?: string | undefined } = { amount: 1, note: undefined }
    const id: string | undefined = undefined
    const judged = await gate.judge({ tool: 'pay', args: typed, id }, user, 's')
    expect(judged).toMatchObject({ outcome: 'run' })
    expect((judged as { args: object }).args).toEqual({ amount: 1 })
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['a list', [{ amount: 1 }]],
    ['a date', new Date(0)],
  ])('are refused where they are %s', async (_, args) => {
    await using gate = await createGate(policy, { tools: [pay] })
    expect(await gate.judge({ tool: 'pay', args }, user, 's')).toMatchObject({
      outcome: 'refused',
      status: 'error-validation',
    })
  })
})
