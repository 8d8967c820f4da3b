import { describe, expect, test } from 'vitest'
import {
  decideForAll,
  inWhoseName,
  isInScope,
  ownersOf,
  sessionOf,
  type Lineage,
} from '../../../src/gate/lineage.ts'
import type { ApplicableLimit } from '../../../src/gate/limits.ts'
import type { JudgeContext } from '../../../src/gate/verdict.ts'
import type { DecisionRequest, Policy } from '../../../src/policy/policy.ts'
import type { Decision, Effect } from '../../../src/protocol/decision.ts'
import type { Principal } from '../../../src/protocol/principal.ts'

const as = (subject: string): Principal => ({ subject, roles: [], scopes: [] })
const [agent, lead, owner] = [as('agent'), as('lead'), as('owner')]
const root: JudgeContext = { runId: 'run_1', session: undefined, principal: agent }

function below(fields: Partial<Lineage> = {}): JudgeContext {
  return { ...root, lineage: { root: 'run_0', principals: [lead, owner], scopes: [], ...fields } }
}

const request: DecisionRequest = { tool: 'act', args: {}, principal: agent, now: 0, at: '' }
const policy = { name: 'p', digest: 'sha256:0' }

test('a session is that of the run everything began with, or the one with a name', () => {
  expect(sessionOf(root)).toBe('run run_1')
  expect(sessionOf(below())).toBe('run run_0')
  expect(sessionOf({ ...root, session: 's' })).toBe('session s')
  expect(sessionOf({ ...below(), session: 's' })).toBe('session s')
  expect(sessionOf({ ...root, session: '' })).toBe('session ')
})

test('a call is made in the name of all runs above', () => {
  expect(inWhoseName(root)).toEqual([root])
  const context = below()
  expect(inWhoseName(context)).toEqual([
    context,
    { ...context, principal: lead },
    { ...context, principal: owner },
  ])
})

const decide =
  (effects: Readonly<Record<string, Effect>>) =>
  ({ principal }: DecisionRequest): Decision => ({
    effect: effects[principal!.subject]!,
    rule: `of-${principal!.subject}`,
    rules: [],
    reasons: [principal!.subject],
    obligations: [],
    labels: [{ argument: `/${principal!.subject}`, from: [], trust: 'trusted' }],
    policy,
    at: 'now',
  })

describe('what is decided for everybody', () => {
  test.each<[Effect, Effect, Effect, string]>([
    ['allow', 'allow', 'allow', 'allow by of-agent'],
    ['deny', 'allow', 'allow', 'deny by of-agent'],
    ['allow', 'deny', 'ask', 'deny by of-lead'],
    ['allow', 'allow', 'ask', 'ask by of-owner'],
  ])('%s, %s and %s is %s', (ofAgent, ofLead, ofOwner, outcome) => {
    const effects = { agent: ofAgent, lead: ofLead, owner: ofOwner }
    const { effect, labels, rule } = decideForAll(decide(effects), request, below(), policy)
    expect(`${effect} by ${rule}`).toBe(outcome)
    expect(labels.map(({ argument }) => argument)).toEqual(['/agent'])
  })

  test('is what is decided for the caller where no run is above', () => {
    const own = decide({ agent: 'ask' })(request)
    expect(decideForAll(() => own, request, root, policy)).toBe(own)
  })
})

const scopeOf = (effect: Effect): Policy => ({ decide: () => ({ effect }) }) as unknown as Policy

describe('a call is in scope', () => {
  const [allows, asks, denies] = [scopeOf('allow'), scopeOf('ask'), scopeOf('deny')]

  test.each<[boolean, Policy | undefined, Policy[]]>([
    [true, undefined, []],
    [true, allows, []],
    [false, denies, []],
    [false, asks, []],
    [true, allows, [allows, allows]],
    [false, allows, [allows, denies]],
    [false, undefined, [denies, allows]],
    [false, denies, [allows]],
  ])('%s', (expected, scope, scopes) => {
    expect(isInScope({ ...below({ scopes }), scope }, () => request)).toBe(expected)
  })

  test('of a run without any task, and nothing is asked', () => {
    expect(isInScope(root, () => expect.unreachable())).toBe(true)
    expect(isInScope({ ...root, scope: denies }, () => request)).toBe(false)
  })

  test('by the request it is asked about', () => {
    const seen: DecisionRequest[] = []
    const scope = {
      decide: (given: DecisionRequest) => {
        seen.push(given)
        return { effect: 'allow' }
      },
    } as unknown as Policy
    expect(isInScope({ ...root, scope }, () => request)).toBe(true)
    expect(seen).toEqual([request])
  })
})

const limitOf = (per: ApplicableLimit['per']): ApplicableLimit => ({
  id: 'l',
  per,
  count: 'calls',
  max: 1,
  over: 'deny',
  position: { file: 'p.yaml', line: 1, column: 1 },
})

const names = (per: ApplicableLimit['per'], context: JudgeContext, concerns = () => true) =>
  ownersOf(limitOf(per), context, concerns).map(({ principal }) => principal?.subject)

const concerns = (principal: Principal | null): boolean => principal?.subject === 'lead'

describe('the owners of a limit', () => {
  test('are the caller and those above it, each once', () => {
    expect(names('subject', root)).toEqual(['agent'])
    expect(names('subject', below())).toEqual(['agent', 'lead', 'owner'])
    expect(names('subject', below({ principals: [lead, agent, lead] }))).toEqual(['agent', 'lead'])
    expect(names('global', below())).toHaveLength(1)
    expect(names('session', below())).toHaveLength(1)
  })

  test('are only those whom the limit concerns', () => {
    const owners = ownersOf(limitOf('subject'), below(), concerns)
    expect(owners).toEqual([{ session: 'run run_0', principal: lead }])
    expect(ownersOf(limitOf('subject'), root, concerns)).toEqual([])
  })
})
