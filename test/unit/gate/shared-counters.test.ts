import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { oneUnit } from '../../../src/gate/amount.ts'
import { SharedLedger } from '../../../src/gate/limit-ledger.ts'
import { LimitCounters, type ApplicableLimit, type LimitOwner } from '../../../src/gate/limits.ts'
import { openCounters } from '../../../src/journal/sqlite-counters.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { gateOf } from '../../support/gate.ts'

const position = { file: 'p.yaml', line: 1, column: 1 }

function limitOf(fields: Partial<ApplicableLimit> = {}): ApplicableLimit {
  return { id: 'l', per: 'global', count: 'calls', max: 2, over: 'deny', position, ...fields }
}

const ownerOf = (session: string): LimitOwner => ({ session, principal: null })
const owner = ownerOf('run r')

let shared: ReturnType<typeof openCounters>

beforeEach(() => {
  shared = openCounters(join(temporaryFolder(), 'journal.db'))
})

afterEach(() => {
  shared.close()
})

const at = (wall: number) => ({ wall, monotonic: 7 })

describe('a ledger of all processes', () => {
  test('adds up by the wall what its window has not passed over, but for one entry', () => {
    const ledger = new SharedLedger(shared, 'k', 100)
    ledger.take('a', 1n, at(1000))
    ledger.take('b', 2n, at(1050))
    ledger.take('c', 4n, at(1099))
    expect(ledger.total(at(1099), '')).toBe(7n)
    expect(ledger.total(at(1100), '')).toBe(6n)
    expect(ledger.total(at(1100), 'b')).toBe(4n)
    expect(ledger.total(at(1150), '')).toBe(4n)
    expect(new SharedLedger(shared, 'k', 100).total(at(1100), '')).toBe(6n)
  })

  test('tells by its key whether entries can become too old to count', () => {
    const keys: string[] = []
    const noting = {
      together: <Result>(work: () => Result): Result => work(),
      total: () => 0n,
      keep: (key: string) => keys.push(key),
      put: (key: string) => keys.push(key),
      drop: (key: string) => keys.push(key),
    }
    for (const windowMs of [100, undefined]) {
      const ledger = new SharedLedger(noting, 'k', windowMs)
      ledger.take('a', 1n, at(1))
      ledger.note('a', 1n, at(1))
      ledger.giveBack('a')
    }
    expect(keys).toEqual(['w k', 'w k', 'w k', 'a k', 'a k', 'a k'])
  })

  test('never forgets without a window, and is another one with it', () => {
    const endless = new SharedLedger(shared, 'k', undefined)
    endless.take('a', 1n, at(1000))
    expect(endless.total(at(1e15), '')).toBe(1n)
    expect(new SharedLedger(shared, 'k', 100).total(at(1000), '')).toBe(0n)
    expect(new SharedLedger(shared, 'j', undefined).total(at(1000), '')).toBe(0n)
  })

  test('takes what a call is to use, notes what is known to be used, and gives back', () => {
    const ledger = new SharedLedger(shared, 'k', undefined)
    ledger.take('a', 1n, at(1))
    ledger.take('a', 5n, at(2))
    expect(ledger.total(at(2), '')).toBe(5n)
    ledger.note('a', 7n, at(3))
    expect(ledger.total(at(3), '')).toBe(5n)
    ledger.note('b', 7n, at(3))
    expect(ledger.total(at(3), '')).toBe(12n)
    ledger.giveBack('a')
    expect(ledger.total(at(3), '')).toBe(7n)
  })
})

const claims = (limit: ApplicableLimit, by = owner) => [{ limit, owner: by, amount: oneUnit }]

describe('limits that processes share', () => {
  const clock = manualClock(1_800_000_000_000)
  const counters = (): LimitCounters => new LimitCounters(clock, shared)

  test('are full when others have used them up, and have room when others give back', () => {
    const [here, there] = [counters(), counters()]
    const limit = limitOf()
    expect(here.reserve('c1', claims(limit))).toEqual([])
    expect(there.reserve('c2', claims(limit))).toEqual([])
    expect(there.reserve('c3', claims(limit))).toEqual([{ limit, hasRest: false }])
    here.release('c1')
    expect(there.reserve('c3', claims(limit))).toEqual([])
    expect(here.used(limit, owner)).toBe(2)
  })

  test.each<[Partial<ApplicableLimit>, string, boolean]>([
    [{ per: 'global' }, 'run r', true],
    [{ per: 'subject' }, 'run r', true],
    [{ per: 'agent' }, 'run r', true],
    [{ per: 'tenant' }, 'run r', true],
    [{ per: 'session' }, 'session s', true],
    // ends with its run, which one process carries
    [{ per: 'session' }, 'run r', false],
  ])('are those that outlive a run: %j in %s, %s', (fields, session, isShared) => {
    const limit = limitOf(fields)
    counters().reserve('c1', claims(limit, ownerOf(session)))
    expect(counters().used(limit, ownerOf(session))).toBe(isShared ? 1 : 0)
  })

  test('count measures of one entry once', () => {
    const limit = limitOf({ count: 'cost', max: 5 })
    counters().add(limit, 1.5, owner, 'run_1 turn 1')
    counters().add(limit, 1.5, owner, 'run_1 turn 1')
    counters().add(limit, 1, owner, 'run_1 turn 2')
    expect(counters().used(limit, owner)).toBe(2.5)
  })

  test('keep nothing of a call of which one of several limits says no', () => {
    const [wide, narrow] = [limitOf({ id: 'wide', max: 9 }), limitOf({ id: 'narrow', max: 1 })]
    const both = [...claims(wide), ...claims(narrow)]
    expect(counters().reserve('c1', both)).toEqual([])
    expect(counters().reserve('c2', both)).toEqual([{ limit: narrow, hasRest: false }])
    expect(counters().used(wide, owner)).toBe(1)
    const run = limitOf({ id: 'run', per: 'session', max: 1 })
    const mixed = [...claims(run), ...claims(narrow)]
    expect(counters().reserve('c3', mixed)).toEqual([{ limit: narrow, hasRest: false }])
  })

  test('are looked at alone, also beside one of a run, and a limit of a run by itself is not', () => {
    let alone = 0
    const counting = new LimitCounters(clock, {
      together: (work) => {
        alone++
        return shared.together(work)
      },
      put: (...given) => shared.put(...given),
      keep: (...given) => shared.keep(...given),
      total: (...given) => shared.total(...given),
      drop: (...given) => shared.drop(...given),
    })
    const run = limitOf({ id: 'run', per: 'session', max: 9 })
    counting.reserve('c1', claims(run))
    expect(alone).toBe(0)
    counting.reserve('c2', [...claims(run), ...claims(limitOf())])
    expect(alone).toBe(1)
  })

  test('of a gate count each denial, each time and each cost once', async () => {
    const limits = ['denials', 'time', 'cost'].map((count) => ({
      id: count,
      tools: ['**'],
      per: 'subject',
      count,
      max: 9,
    }))
    const policy = policyOf({ rules: [{ id: 'a', allow: ['act'] }], limits })
    const context = { runId: 'run_1', session: undefined, principal: user }
    const call = { providerId: '', turn: 1, index: 0, tool: 'act', rawArgs: '{}' }
    for (let process = 0; process < 2; process++) {
      const { gate, judge } = await gateOf(policy, [toolOf('act')], { counters: shared })
      await judge('act', [], { callId: 'c1' })
      await judge('act', [], { callId: 'c2' })
      for (const callId of ['c3', 'c4']) {
        const examined = await gate.examine({ ...call, callId })
        gate.settle(examined, context, { succeeded: true, value: null, durationMs: 1_500 })
      }
      gate.spent(0.5, context, 1)
      gate.spent(0.25, context, 2)
      gate.spent(0.25, { ...context, runId: `run_2` }, 2)
      const used = gate.limitsOf('act', context).map((limit) => [limit.limit.id, limit.used])
      expect(used).toEqual([
        ['cost', 1],
        ['denials', 2],
        ['time', 3],
      ])
    }
  })

  test('take by force what has been used, all at once where the work fails', () => {
    const limit = limitOf({ max: 9 })
    counters().force('c1', [{ limit, owner, amount: undefined }])
    expect(counters().used(limit, owner)).toBe(9)
    counters().force('c1', claims(limit))
    expect(counters().used(limit, owner)).toBe(9)
    const broken = new LimitCounters(clock, {
      together: (work) => shared.together(work),
      put: (...given) => shared.put(...given),
      total: (...given) => shared.total(...given),
      drop: (...given) => shared.drop(...given),
      keep: (key, entry, amount, when) => {
        shared.keep(key, entry, amount, when)
        if (entry === 'c3') throw new Error('no space')
      },
    })
    broken.force('c2', claims(limitOf({ id: 'm' })))
    expect(() => broken.force('c3', claims(limitOf({ id: 'm' })))).toThrow('no space')
    expect(counters().used(limitOf({ id: 'm' }), owner)).toBe(1)
  })
})
