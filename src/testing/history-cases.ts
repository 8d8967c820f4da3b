import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HistoryEntry } from '../history/entry.ts'
import type { HistoryStore, KeptHistory } from '../history/store.ts'

type Case = (store: HistoryStore) => Promise<void>

/** What every store does, with one object. */
export const historyCases: Readonly<Record<string, Case>> = {
  'gives back what was appended, in order': givesBack,
  'has no entries of an unknown conversation': unknownOne,
  'keeps conversations apart, whatever their names are': keepsApart,
  'keeps every member of an entry, and odd characters': keepsAll,
  'refuses an append that expects another length, and writes nothing of it': refusesConflict,
  'lets exactly one of several concurrent writers win': oneWinner,
  'is not changed by who changes what was appended or read': keepsCopies,
  'lists conversations with their length and last time': listsAll,
  'removes a conversation, which then begins anew': removesOne,
  'removes only what has the expected length': removesExpected,
  'lets one holder at a time have a conversation': leasesOnce,
  'lets a lease end with its time': leaseEnds,
  'gives a lease back only for its holder': releasesOwn,
  'takes long conversations': takesLong,
}

/** What two objects of one place do. */
export const sharedCases: Readonly<
  Record<string, (one: HistoryStore, other: HistoryStore) => Promise<void>>
> = {
  'shows one object what another has appended': async (one, other) => {
    await one.append('a', 0, said('hello'))
    assert.deepEqual(await other.read('a'), said('hello'))
    await other.append('a', 1, said('and you'))
    assert.deepEqual(await one.read('a'), [...said('hello'), ...said('and you')])
  },
  'lets one of two objects extend a conversation': async (one, other) => {
    const writers = [one, other, one, other].map((store) => store.append('a', 0, said('hello')))
    await assertOneWon(writers)
    assert.equal((await other.read('a')).length, 1)
  },
  'lets one of two objects have a conversation': async (one, other) => {
    const taken = await Promise.all([one.lease('a', 'x', 60_000), other.lease('a', 'y', 60_000)])
    assert.deepEqual(taken.toSorted(), [false, true])
  },
  'keeps what was appended when it is closed': async (one, other) => {
    await one.append('a', 0, said('hello'))
    await one.close()
    assert.deepEqual(await other.read('a'), said('hello'))
  },
}

async function givesBack(store: HistoryStore): Promise<void> {
  await store.append('a', 0, said('one', 'two'))
  await store.append('a', 2, said('three'))
  assert.deepEqual(await store.read('a'), said('one', 'two', 'three'))
  await store.append('a', 3, [])
  assert.equal((await store.read('a')).length, 3)
}

async function unknownOne(store: HistoryStore): Promise<void> {
  assert.deepEqual(await store.read('nobody'), [])
  assert.equal(await store.remove('nobody'), false)
  assert.deepEqual(await listed(store), [])
}

async function keepsApart(store: HistoryStore): Promise<void> {
  const names = [...oddNames, 'n'.repeat(4_000)]
  for (const name of names) await store.append(name, 0, said(`in ${name}`))
  for (const name of names) assert.deepEqual(await store.read(name), said(`in ${name}`), name)
  const found = (await listed(store)).map(({ key }) => key)
  assert.deepEqual(found.toSorted(), names.toSorted())
}

async function keepsAll(store: HistoryStore): Promise<void> {
  const entries = [...said('line\u2028 nul\0 "quote" \\ 😀 \ufffd \r\n'), ...called]
  await store.append('a', 0, entries)
  assert.deepEqual(await store.read('a'), entries)
}

async function refusesConflict(store: HistoryStore): Promise<void> {
  await store.append('a', 0, said('one', 'two'))
  for (const length of [0, 1, 3]) {
    await assert.rejects(store.append('a', length, said('x')), { code: 'history-conflict' })
  }
  await assert.rejects(store.append('b', 1, said('x')), { code: 'history-conflict' })
  assert.deepEqual(await store.read('a'), said('one', 'two'))
  assert.deepEqual(await store.read('b'), [])
}

async function oneWinner(store: HistoryStore): Promise<void> {
  await store.append('a', 0, said('before'))
  const writers = Array.from({ length: 8 }, (_, number) =>
    store.append('a', 1, said(`${number} first`, `${number} second`)),
  )
  await assertOneWon(writers)
  const texts = (await store.read('a')).map(({ message }) => String(message.content))
  assert.equal(texts.length, 3)
  assert.equal(texts[1]?.[0], texts[2]?.[0])
}

async function assertOneWon(writers: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(writers)
  const codes = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [(outcome.reason as { code?: string }).code] : [],
  )
  assert.deepEqual(new Set(codes), new Set(['history-conflict']))
  assert.equal(codes.length, writers.length - 1)
}

async function keepsCopies(store: HistoryStore): Promise<void> {
  const entries = structuredClone(said('hello')) as unknown as { at: string }[]
  await store.append('a', 0, entries as unknown as readonly HistoryEntry[])
  entries[0]!.at = 'changed'
  const read = (await store.read('a')) as unknown as { at: string }[]
  assert.equal(read[0]!.at, at)
  read[0]!.at = 'changed'
  assert.deepEqual(await store.read('a'), said('hello'))
}

async function listsAll(store: HistoryStore): Promise<void> {
  const later = '2026-01-02T00:00:00.000Z'
  await store.append('a', 0, [...said('one'), { ...said('two')[0]!, at: later }])
  await store.append('b', 0, said('one'))
  await store.lease('c', 'x', 60_000)
  const found = (await listed(store)).toSorted((x, y) => (x.key < y.key ? -1 : 1))
  assert.deepEqual(found, [
    { key: 'a', length: 2, lastAt: later },
    { key: 'b', length: 1, lastAt: at },
  ])
}

async function removesOne(store: HistoryStore): Promise<void> {
  await store.append('a', 0, said('one', 'two'))
  await store.append('a', 2, said('three'))
  await store.append('b', 0, said('other'))
  assert.equal(await store.remove('a'), true)
  assert.deepEqual(await store.read('a'), [])
  assert.equal(await store.remove('a'), false)
  await assert.rejects(store.append('a', 3, said('four')), { code: 'history-conflict' })
  await store.append('a', 0, said('anew'))
  assert.deepEqual(await store.read('a'), said('anew'))
  assert.deepEqual(await store.read('b'), said('other'))
}

async function removesExpected(store: HistoryStore): Promise<void> {
  await store.append('a', 0, said('one', 'two'))
  assert.equal(await store.remove('a', 1), false)
  assert.equal(await store.remove('a', 0), false)
  assert.equal((await store.read('a')).length, 2)
  assert.equal(await store.remove('a', 2), true)
}

async function leasesOnce(store: HistoryStore): Promise<void> {
  const holders = ['u', 'v', 'w', 'x']
  const taken = await Promise.all(holders.map((holder) => store.lease('a', holder, 60_000)))
  assert.equal(taken.filter(Boolean).length, 1)
  const holder = holders[taken.indexOf(true)]!
  assert.equal(await store.lease('a', holder, 60_000), true)
  assert.equal(await store.lease('a', 'somebody else', 60_000), false)
  assert.equal(await store.lease('b', 'somebody else', 60_000), true)
  await store.append('a', 0, said('one'))
  await store.remove('a')
  assert.equal(await store.lease('a', 'somebody else', 60_000), false)
}

async function leaseEnds(store: HistoryStore): Promise<void> {
  assert.equal(await store.lease('a', 'x', 1), true)
  for (let waits = 0; !(await store.lease('a', 'y', 60_000)); waits++) {
    assert.ok(waits < 500, 'a lease of a millisecond lasts longer than ten seconds')
    await sleep(20)
  }
  assert.equal(await store.lease('a', 'x', 60_000), false)
}

async function releasesOwn(store: HistoryStore): Promise<void> {
  await store.lease('a', 'x', 60_000)
  await store.release('a', 'y')
  assert.equal(await store.lease('a', 'y', 60_000), false)
  await store.release('a', 'x')
  assert.equal(await store.lease('a', 'y', 60_000), true)
  await store.release('nobody', 'x')
}

async function takesLong(store: HistoryStore): Promise<void> {
  const texts = Array.from({ length: 300 }, (_, number) => `${number} ${'x'.repeat(2_000)}`)
  await store.append('a', 0, said(...texts.slice(0, 200)))
  await store.append('a', 200, said(...texts.slice(200)))
  assert.deepEqual(await store.read('a'), said(...texts))
}

/** Names that lead elsewhere where they become part of a path, a pattern or a statement. */
const oddNames =
  `a|A|a |.|..|../a|/etc/passwd|a/b|a\\b|a\0b|CON|%2e||{a}|*|a*|[a]|é|e\u0301|😀|a:lease|';`.split(
    '|',
  )

const at = '2026-01-01T00:00:00.000Z'

/** Entries that say these texts. */
function said(...texts: readonly string[]): readonly HistoryEntry[] {
  return texts.map((content) => ({ message: { role: 'user', content }, at, runId: 'run_a' }))
}

const called: readonly HistoryEntry[] = [
  {
    message: {
      role: 'assistant',
      content: [
        { type: 'text', text: '' },
        { type: 'tool-call', callId: 'c', providerId: '', tool: 'act', arguments: '{"a":1e3}' },
      ],
      opaque: { wire: 'chat', value: { list: [null, true, 0.1, 'x'] } },
    },
    at,
    runId: 'run_a',
    calls: [
      {
        at,
        model: 'm',
        provider: 'p',
        usage: {
          inputTokens: 1,
          outputTokens: 2,
          cacheReadTokens: 0,
          cacheWriteTokens: 0,
          reasoningTokens: 0,
        },
        cost: { amount: 0.000_001, currency: 'USD', source: 'provider' },
        finishReason: { unified: 'tool-calls', raw: null },
      },
    ],
  },
  {
    message: {
      role: 'tool',
      callId: 'c',
      providerId: '',
      tool: 'act',
      content: 'done',
      isError: false,
    },
    at,
    runId: 'run_a',
    status: 'success',
    argsUnknown: true,
  },
]

async function listed(store: HistoryStore): Promise<readonly KeptHistory[]> {
  const found: KeptHistory[] = []
  for await (const each of store.list()) found.push(each)
  return found
}
