import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, sha256 } from '../../../src/base/digest.ts'
import { hashLine } from '../../../src/journal/chain.ts'
import type { JournalRecord } from '../../../src/journal/journal.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { createFold } from '../../../src/report/fold.ts'
import type { Verdict } from '../../../src/report/verification.ts'
import { verifyChain, type VerifyOptions } from '../../../src/report/verify.ts'
import { randomRun } from './random-run.ts'
import { EventWriter, sampleEvents } from './sample.ts'
import { seal } from './sealed.ts'

async function verdictOf(
  records: readonly JournalRecord[],
  options?: VerifyOptions,
): Promise<Verdict> {
  return (await verifyChain(records, options)).verdict
}

function begin(): EventWriter {
  return new EventWriter().start().beginTurn().propose(0, 'refund', { amount: 80 })
}

/** A short run with an approval, so that every kind of record is there and mutations are cheap. */
function shortRun(): JournalRecord[] {
  const writer = begin().decide(0, 'ask', 'r', ['why']).ask(0, 'refund', { amount: 80 }, ['why'])
  return seal(
    writer.answer(0, 'approve').execute(0, 'refund', 5, { ok: true }).end('completed').events,
  )
}

async function* readShortRun(): AsyncGenerator<JournalRecord> {
  yield* shortRun()
}

function askedOf(count: unknown): EventWriter {
  const writer = begin().decide(0, 'ask', 'r', []).ask(0, 'refund', { amount: 80 }, [])
  const request = writer.events.pop()!
  writer.events.push({ ...request, approvers: [{ count }] } as unknown as StructuralEvent)
  return writer
}

function executed(): EventWriter {
  return begin().decide(0, 'allow', 'r', []).execute(0, 'refund', 1, 1)
}

function failed(status: 'error-execution' | 'unknown-outcome'): EventWriter {
  const writer = executed()
  const outcome = writer.events.pop()!
  writer.events.push({ ...outcome, status } as StructuralEvent)
  return writer
}

async function overOf(writer: EventWriter): Promise<Verdict> {
  return courseOf(writer.end('completed'))
}

/** Of a call that ran after its last answer, which was another one. */
async function ranAfter(writer: EventWriter, change: object): Promise<Verdict> {
  const answer = writer.events.pop()!
  writer.events.push({ ...answer, ...change } as StructuralEvent)
  return overOf(writer.execute(0, 'refund', 1, 1))
}

async function courseOf(writer: EventWriter): Promise<Verdict> {
  return verdictOf(seal(writer.events))
}

function flipped(text: string, at: number): string {
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1)
}

function replaced(
  records: readonly JournalRecord[],
  at: number,
  change: Partial<JournalRecord>,
): JournalRecord[] {
  return records.map((record, index) => (index === at ? { ...record, ...change } : record))
}

/** Every way to change one character of one member of one record. */
function* flips(
  records: readonly JournalRecord[],
  member: 'line' | 'hash' | 'payload',
): Generator<{ at: number; text: string }> {
  for (const [at, record] of records.entries()) {
    const text = record[member] ?? ''
    for (let index = 0; index < text.length; index++) yield { at, text: flipped(text, index) }
  }
}

async function expectNever(
  wrong: Verdict,
  mutations: Iterable<readonly JournalRecord[]>,
  options?: VerifyOptions,
): Promise<void> {
  let count = 0
  for (const records of mutations) {
    count++
    expect(await verdictOf(records, options)).not.toBe(wrong)
  }
  expect(count).toBeGreaterThan(0)
}

describe('verifying a run', () => {
  test('finds an untouched run consistent and says what that does not prove', async () => {
    const records = seal(sampleEvents())
    const result = await verifyChain(records)
    expect(result).toMatchObject({
      verdict: 'CONSISTENT',
      records: records.length,
      head: records.at(-1)!.hash,
      erased: 0,
      openCalls: [],
    })
    expect(result.notProved.join('\n')).toContain('computed the whole chain anew')
    expect(result.notProved.join('\n')).toContain('last record is unchanged')
  })

  test('takes records as they come from a journal', async () => {
    expect((await verifyChain(readShortRun())).verdict).toBe('CONSISTENT')
  })

  test.each(['line', 'hash', 'payload'] as const)(
    'notices every changed character of a %s',
    async (member) => {
      const records = shortRun()
      const mutations = function* (): Generator<JournalRecord[]> {
        for (const { at, text } of flips(records, member)) {
          yield replaced(records, at, { [member]: text })
        }
      }
      await expectNever('CONSISTENT', mutations())
    },
  )

  test('notices every changed character of lines without stored digests, given the head', async () => {
    const records = shortRun()
    const mutations = function* (): Generator<JournalRecord[]> {
      for (const { at, text } of flips(records, 'line')) {
        yield replaced(records, at, { line: text, hash: hashLine(text) })
      }
    }
    await expectNever('CONSISTENT', mutations(), { head: records.at(-1)!.hash })
  })

  test('notices every changed character of all but the last line without stored digests', async () => {
    const records = shortRun()
    const mutations = function* (): Generator<JournalRecord[]> {
      for (const { at, text } of flips(records.slice(0, -1), 'line')) {
        yield replaced(records, at, { line: text, hash: hashLine(text) })
      }
    }
    await expectNever('CONSISTENT', mutations())
  })

  test('notices deleted, repeated and exchanged records', async () => {
    const records = seal(sampleEvents())
    const mutations = function* (): Generator<JournalRecord[]> {
      for (let at = 0; at < records.length; at++) {
        yield records.toSpliced(at, 1)
        yield records.toSpliced(at, 0, records[at]!)
        for (let other = at + 1; other < records.length; other++) {
          yield records.with(at, records[other]!).with(other, records[at]!)
        }
      }
    }
    await expectNever('CONSISTENT', mutations())
  })

  test('notices a run that was cut at any record', async () => {
    const records = seal(sampleEvents())
    for (let length = 0; length < records.length; length++) {
      const verdict = await verdictOf(records.slice(0, length))
      expect(verdict).toBe(length === 0 ? 'EMPTY' : 'INCOMPLETE')
    }
  })

  test('names the first record at fault', async () => {
    const records = shortRun()
    const line = flipped(records[3]!.line, 10)
    const result = await verifyChain(replaced(records, 3, { line }))
    expect(result).toMatchObject({ verdict: 'TAMPERED', record: 3, head: null, proved: [] })
    const moved = await verifyChain(records.toSpliced(4, 1))
    expect(moved).toMatchObject({ verdict: 'TAMPERED', record: 4 })
  })

  test('tells what should stand there and what does', async () => {
    const records = shortRun()
    const found = await verifyChain(records.toSpliced(2, 1))
    const { prev } = JSON.parse(records[3]!.line) as { prev: string }
    expect(found).toMatchObject({
      verdict: 'TAMPERED',
      record: 2,
      expected: records[1]!.hash,
      found: prev,
    })
  })

  test('notices a payload of another record and one that does not belong', async () => {
    const records = shortRun()
    const [first, second] = records.flatMap((record, at) =>
      record.payload === undefined ? [] : [at],
    )
    const { payload } = records[first!]!
    expect(await verdictOf(replaced(records, second!, { payload: payload! }))).toBe('TAMPERED')
    const bare = records.findIndex((record) => record.payload === undefined)
    expect(await verdictOf(replaced(records, bare, { payload: payload! }))).toBe('TAMPERED')
  })

  test('refuses a payload that would replace a member of its line', async () => {
    const [start] = seal(new EventWriter().start().events)
    const payload = `{"salt":"00","value":{"runId":"other"}}`
    const line = canonicalJson({ ...JSON.parse(start!.line), payload: sha256(payload) })
    const forged = { ...start!, line, hash: hashLine(line), payload }
    expect(await verdictOf([forged])).toBe('MALFORMED')
  })

  test('accepts erased payloads and says whose content is not proved', async () => {
    const records = shortRun().map(({ payload: _payload, ...record }) => record)
    const result = await verifyChain(records)
    expect(result.verdict).toBe('CONSISTENT')
    expect(result.erased).toBe(5)
    expect(result.notProved).toContain('what the 5 erased payloads said')
  })

  test('notices that all records are of another run than the one that is meant', async () => {
    const records = shortRun()
    const { runId } = JSON.parse(records[0]!.line) as { runId: string }
    expect(await verdictOf(records, { runId })).toBe('CONSISTENT')
    expect(await verdictOf(records, { runId: 'run_other' })).toBe('TAMPERED')
  })

  test('notices records of another run', async () => {
    const records = shortRun()
    const foreign = records.map(({ line }) => JSON.parse(line) as Record<string, unknown>)
    let prev = records[0]!.hash
    const resealed = foreign.slice(1).map((members, index) => {
      const line = canonicalJson({ ...members, runId: 'run_other', prev })
      prev = hashLine(line)
      return { ...records[index + 1]!, line, hash: prev }
    })
    expect(await verdictOf([records[0]!, ...resealed])).toBe('TAMPERED')
  })

  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['JSON that is not canonical', '{"v": 1}'],
    ['a repeated member', '{"v":1,"v":1}'],
    ['another version', '{"v":2}'],
    ['nesting without end', `${'['.repeat(100_000)}`],
  ])('calls %s malformed', async (_name, line) => {
    const record = { seq: 0, line, hash: hashLine(line), durable: false }
    expect(await verdictOf([record])).toBe('MALFORMED')
  })
})

describe('a head kept elsewhere', () => {
  test('proves the records up to it', async () => {
    const records = shortRun()
    const result = await verifyChain(records, { head: records.at(-1)!.hash })
    expect(result.verdict).toBe('CONSISTENT')
    expect(result.proved.join('\n')).toContain(`first ${records.length} records`)
    expect(result.notProved.join('\n')).not.toContain('computed the whole chain anew')
  })

  test('shows that a whole chain was computed anew', async () => {
    const head = shortRun().at(-1)!.hash
    const forged = seal(
      begin().decide(0, 'deny', 'r', []).refuse(0, 'refund', {}).end('completed').events,
    )
    expect(await verdictOf(forged)).toBe('CONSISTENT')
    expect(await verdictOf(forged, { head })).toBe('TRUNCATED')
  })

  test('accepts as many records after it as were declared', async () => {
    const records = shortRun()
    const head = records.at(-3)!.hash
    expect(await verdictOf(records, { head })).toBe('UNATTESTED_TAIL')
    expect(await verdictOf(records, { head, maxTail: 1 })).toBe('UNATTESTED_TAIL')
    const accepted = await verifyChain(records, { head, maxTail: 2 })
    expect(accepted.verdict).toBe('CONSISTENT')
    expect(accepted.notProved).toContain('the last 2 records stand after the head you named')
  })
})

describe('the course of calls', () => {
  test.each<[string, EventWriter]>([
    ['without a decision', begin().startTool(0, 'refund')],
    ['after a deny', begin().decide(0, 'deny', 'r', []).startTool(0, 'refund')],
    [
      'after an allow that became a deny',
      begin().decide(0, 'allow', 'r', []).decide(0, 'deny', 'r', []).startTool(0, 'refund'),
    ],
    [
      'after an ask nobody answered',
      begin().decide(0, 'ask', 'r', []).ask(0, 'refund', { amount: 80 }, []).startTool(0, 'refund'),
    ],
    ['after an ask nobody was shown', begin().decide(0, 'ask', 'r', []).startTool(0, 'refund')],
    [
      'after a person refused',
      begin()
        .decide(0, 'ask', 'r', [])
        .ask(0, 'refund', { amount: 80 }, [])
        .answer(0, 'approve')
        .answer(0, 'deny')
        .startTool(0, 'refund'),
    ],
    [
      'after the request expired',
      begin()
        .decide(0, 'ask', 'r', [])
        .ask(0, 'refund', { amount: 80 }, [])
        .answer(0, 'expire')
        .startTool(0, 'refund'),
    ],
    [
      'again after it had succeeded',
      begin().decide(0, 'allow', 'r', []).execute(0, 'refund', 1, 1).startTool(0, 'refund'),
    ],
    [
      'by a shadow decision in a run that enforces',
      begin().decide(0, 'deny', 'r', [], { shadow: true }).startTool(0, 'refund'),
    ],
  ])('has no permit when a tool is started %s', async (_name, writer) => {
    expect(await courseOf(writer.end('completed'))).toBe('UNPERMITTED')
  })

  test('is bound to the arguments that were judged', async () => {
    const allowed = begin().decide(0, 'allow', 'r', []).startTool(0, 'refund')
    const start = allowed.events.pop()!
    const swapped = { ...start, argsDigest: sha256('other') } as StructuralEvent
    allowed.events.push(swapped)
    expect(await courseOf(allowed)).toBe('UNPERMITTED')
    const asked = begin().decide(0, 'ask', 'r', []).ask(0, 'refund', { amount: 1 }, [])
    expect(await courseOf(asked.answer(0, 'approve').startTool(0, 'refund'))).toBe('UNPERMITTED')
  })

  test('is bound to the tool that was judged, and that people were asked about', async () => {
    const allowed = begin().decide(0, 'allow', 'r', [])
    expect(await courseOf(allowed.execute(0, 'get_order', 1, 1).end('completed'))).toBe(
      'UNPERMITTED',
    )
    const asked = begin().decide(0, 'ask', 'r', []).ask(0, 'get_order', { amount: 80 }, [])
    const started = asked.answer(0, 'approve').execute(0, 'refund', 1, 1).end('completed')
    expect(await courseOf(started)).toBe('UNPERMITTED')
  })

  test('takes the arguments of an edit', async () => {
    const writer = begin().decide(0, 'ask', 'r', []).ask(0, 'refund', { amount: 80 }, [])
    writer
      .answer(0, 'edit', { args: { amount: 60 } })
      .execute(0, 'refund', 1, 1)
      .end('completed')
    expect(await courseOf(writer)).toBe('CONSISTENT')
  })

  test('may end before the tool is started', async () => {
    const writer = begin()
      .decide(0, 'allow', 'r', [])
      .refuse(0, 'refund', { status: 'error-execution' })
    expect(await courseOf(writer.end('completed'))).toBe('CONSISTENT')
    const ran = begin().decide(0, 'allow', 'r', []).refuse(0, 'refund', { attempts: 1 })
    expect(await courseOf(ran.end('completed'))).toBe('UNPERMITTED')
  })

  test('needs as many different people as were asked for', async () => {
    const twice = askedOf(2).answer(0, 'approve').answer(0, 'approve')
    expect(await courseOf(twice.execute(0, 'refund', 1, 1).end('completed'))).toBe('UNPERMITTED')
    for (const count of [0, -1, 'one', null]) {
      const odd = askedOf(count).answer(0, 'approve').execute(0, 'refund', 1, 1)
      expect(await courseOf(odd.end('completed'))).toBe('UNPERMITTED')
    }
    const once = askedOf(1).answer(0, 'approve').execute(0, 'refund', 1, 1)
    expect(await courseOf(once.end('completed'))).toBe('CONSISTENT')
  })

  test('takes no yes to another request, and none that was taken back or to what was edited since', async () => {
    expect(await ranAfter(askedOf(1).answer(0, 'approve'), {})).toBe('CONSISTENT')
    expect(await ranAfter(askedOf(1).answer(0, 'approve'), { approvalId: 'apr_other' })).toBe(
      'UNPERMITTED',
    )
    expect(
      await ranAfter(askedOf(1).answer(0, 'approve').answer(0, 'approve'), { action: 'revoke' }),
    ).toBe('UNPERMITTED')
    const edited = askedOf(2)
      .answer(0, 'approve')
      .answer(0, 'edit', { args: { amount: 80 } })
    const other = { by: { subject: 'lead-2', roles: ['lead'] } }
    expect(await ranAfter(edited, other)).toBe('UNPERMITTED')
    const both = askedOf(2)
      .answer(0, 'edit', { args: { amount: 80 } })
      .answer(0, 'approve')
    expect(await ranAfter(both, other)).toBe('CONSISTENT')
  })

  test('is what its outcome says, and nothing that follows says otherwise', async () => {
    for (const writer of [
      executed().refuse(0, 'refund', { status: 'error-security' }),
      executed().decide(0, 'deny', 'r', []),
      executed().ask(0, 'refund', { amount: 80 }, []),
      executed().answer(0, 'deny'),
      failed('error-execution').refuse(0, 'refund', { status: 'error-security' }),
    ]) {
      expect(await overOf(writer)).toBe('MALFORMED')
    }
    const told = failed('unknown-outcome').refuse(0, 'refund', { status: 'abandoned' })
    expect(await overOf(told)).toBe('CONSISTENT')
    const again = failed('error-execution').execute(0, 'refund', 1, 1)
    expect(await overOf(again)).toBe('CONSISTENT')
  })

  test('lets shadow mode run what it would have refused', async () => {
    expect(await verdictOf(seal(sampleEvents('shadow')))).toBe('CONSISTENT')
  })

  test('has no outcome without a start', async () => {
    const writer = begin().decide(0, 'allow', 'r', []).refuse(0, 'refund', { status: 'success' })
    expect(await courseOf(writer.end('completed'))).toBe('UNPERMITTED')
  })

  test('is open when a started tool has no outcome, even while others wait', async () => {
    const started = begin().decide(0, 'allow', 'r', []).startTool(0, 'refund')
    expect(await courseOf(started.end('needs-approval'))).toBe('OPEN_CALLS')
    expect(await courseOf(begin().end('completed'))).toBe('OPEN_CALLS')
  })

  test('may wait for a person when the run does', async () => {
    const writer = begin().decide(0, 'ask', 'r', []).ask(0, 'refund', { amount: 80 }, [])
    const result = await verifyChain(seal(writer.end('needs-approval').events))
    expect(result.verdict).toBe('CONSISTENT')
    expect(result.openCalls).toEqual([{ callId: writer.callId(0), missing: 'approval' }])
  })

  test('has no end while records follow it', async () => {
    const writer = begin()
      .decide(0, 'ask', 'r', [])
      .ask(0, 'refund', { amount: 80 }, [])
      .end('needs-approval')
    expect(await courseOf(writer.answer(0, 'approve'))).toBe('CONSISTENT')
    expect(await courseOf(writer.startTool(0, 'refund'))).toBe('INCOMPLETE')
  })

  test.each<[string, EventWriter]>([
    ['that does not begin with its start', new EventWriter().beginTurn()],
    ['with a call proposed twice', begin().propose(0, 'refund', {})],
    ['with a decision on an unknown call', new EventWriter().start().decide(0, 'allow', 'r', [])],
    ['with a start of an unknown call', new EventWriter().start().startTool(0, 'x')],
  ])('is malformed in a run %s', async (_name, writer) => {
    expect(await courseOf(writer)).toBe('MALFORMED')
  })

  test('has as many calls as its end counts', async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (events) => {
        const fold = createFold()
        const counted = events.map((event) => {
          fold.add(event)
          return event.type === 'end' ? { ...event, counts: fold.counts() } : event
        })
        expect(await verdictOf(seal(counted))).toBe(await verdictOf(seal(events)))
      }),
    )
    const { events } = begin().decide(0, 'deny', 'r', ['why']).end('completed')
    const counts = { allow: 0, ask: 0, deny: 1, none: 0, open: 1 }
    const told = (more: object): StructuralEvent[] =>
      events.map((event) =>
        event.type === 'end' ? { ...event, counts: { ...counts, ...more } } : event,
      )
    expect(await verdictOf(seal(told({})))).toBe('OPEN_CALLS')
    for (const name of Object.keys(counts)) {
      const found = await verifyChain(seal(told({ [name]: 7 })))
      expect(found).toMatchObject({ verdict: 'COUNT_MISMATCH', record: events.length - 1 })
      expect(found.message).toContain(`\`${name}\``)
    }
    expect(await verdictOf(seal(told({ open: '1' })))).toBe('COUNT_MISMATCH')
  })

  test('of any run the runtime can produce is permitted', async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (events) => {
        const expected: readonly Verdict[] = ['CONSISTENT', 'OPEN_CALLS', 'INCOMPLETE']
        expect(expected).toContain(await verdictOf(seal(events)))
      }),
    )
  })
})
