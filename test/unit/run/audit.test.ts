import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { observe } from '../../../src/analysis/observed.ts'
import { readTraces } from '../../../src/analysis/trace.ts'
import type { JsonValue } from '../../../src/base/json.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { createRegistry } from '../../../src/tools/registry.ts'
import type { Message } from '../../../src/protocol/message.ts'
import { keepBy } from '../../../src/run/kept.ts'
import type { ModelWrapper } from '../../../src/run/plugin-model.ts'
import type { PrepareTurn } from '../../../src/run/prepare.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { agentOf, collect, finish, noting, only, policyOf, toolOf } from '../../support/agent.ts'
import { pluginOf } from '../../support/plugins.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { expectEventOrder, expectOneRecord } from '../../support/laws.ts'
import { openPage } from '../report/page-data.ts'

const head = 'sallyport: 1\nname: n\n'
const card = '4111-secret'
const open = 'order-O-7'

const policyWith = (audit: JsonValue | undefined): LoadedPolicy =>
  policyOf({
    rules: [
      { id: 'looks', allow: ['look'], who: { roles: ['user'] } },
      { id: 'pays', ask: ['pay'], who: { roles: ['user'] } },
    ],
    ...(audit === undefined ? {} : { audit }),
  })

const compiled = (args: string): Policy =>
  compilePolicy(readPolicy(`${head}rules: []\naudit: { args: ${args} }\n`, { file: 'p.yaml' }))

interface PreparedBy {
  readonly prepareTurn?: PrepareTurn
  readonly wrapModel?: ModelWrapper
}

function altered(message: Message): Message {
  return message.role === 'user'
    ? { role: 'user', content: `${String(message.content)}!` }
    : message
}

async function recorded(audit: JsonValue | undefined) {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  const { tool: pay, calls } = noting('pay', { sensitive: ['/card'], editable: ['/order'] })
  const asked: unknown[] = []
  const { start } = agentOf(
    [
      {
        calls: [
          { tool: 'look', args: { order: open } },
          { tool: 'pay', args: { order: open, card } },
          { tool: 'pay', rawArgs: `{"card":"${card}"` },
          { tool: 'pya', args: { card } },
        ],
      },
      { text: 'done' },
    ],
    {
      tools: [toolOf('look'), pay],
      policy: policyWith(audit),
      journal,
      approve(request) {
        asked.push(request.args)
        const args = { order: `${open}-b`, card: '[redacted]' }
        return { action: 'edit', by: { subject: 'ada' }, args }
      },
    },
  )
  const finished = await finish(start())
  await journal.close()
  const stored = readFileSync(path, 'utf8') + readFileSync(`${path}.payloads`, 'utf8')
  return { path, stored, asked, calls, ...finished }
}

describe('what records keep of arguments', () => {
  test.each([
    [undefined, true, true],
    [{}, true, true],
    [{ args: 'full', onFailure: 'deny' }, true, true],
    [{ args: 'redacted' }, false, true],
    [{ args: 'hash' }, false, false],
  ] as const)('by `audit: %j`', async (audit, keepsSensitive, keepsOthers) => {
    const run = await recorded(audit)
    expect(run.stored.includes(card)).toBe(keepsSensitive)
    expect(run.stored.includes(open)).toBe(keepsOthers)
    const { report } = run.result
    const outputs = JSON.stringify([run.events, run.recorded]) + renderJson(report)
    expect(outputs + openPage(renderHtml(report))).not.toContain(card)
    expect(outputs.includes(open)).toBe(keepsOthers)
  })

  test.each(['full', 'redacted', 'hash'])(
    'changes neither what is asked and run nor the proof: %s',
    async (args) => {
      const run = await recorded({ args })
      expect(run.asked).toEqual([{ order: open, card: '[redacted]' }])
      expect(run.calls).toEqual([{ order: `${open}-b`, card }])
      expectEventOrder(run.events)
      expectOneRecord(run)
      const journal = jsonlJournal(run.path)
      const verified = await verifyChain(journal.read(run.result.report.header.runId))
      await journal.close()
      expect(verified.verdict).toBe('CONSISTENT')
      const digests = (await recorded({ args: 'full' })).result.report.rows.map(
        ({ argsDigest }) => argsDigest,
      )
      expect(run.result.report.rows.map(({ argsDigest }) => argsDigest)).toEqual(digests)
    },
  )

  test('is shown as taken out', async () => {
    const { recorded: events } = await recorded({ args: 'hash' })
    const [look, pay] = only(events, 'tool-call')
    expect(look).toMatchObject({ args: '[redacted]', rawArgs: '"[redacted]"', sensitive: [''] })
    expect(pay).toMatchObject({ args: '[redacted]', sensitive: [''] })
  })
})

describe('a run that goes on from a record', () => {
  test.each([
    ['full', 'success', 1],
    ['redacted', 'abandoned', 0],
    ['hash', 'abandoned', 0],
  ])('that keeps arguments as `%s` ends its call as `%s`', async (args, status, count) => {
    const journal = memoryJournal()
    const { tool, calls } = noting('pay', { sensitive: ['/card'] })
    const options = { tools: [toolOf('look'), tool], policy: policyWith({ args }), journal }
    const turn = { calls: [{ tool: 'pay', args: { card } }] }
    const first = await agentOf([turn], options).start().result()
    expect(first.status).toBe('needs-approval')
    // where the process that was asked knows the arguments no more
    const second = agentOf([{ text: 'done' }], {
      ...options,
      approve: () => ({ action: 'approve', by: { subject: 'ada' } }),
    })
    const { report } = await second.runtime.resume(first.runId).result()
    expect(report.rows.map((row) => row.status)).toEqual([status])
    expect(calls).toHaveLength(count)
  })
})

describe('responses of models in records', () => {
  const part = { type: 'tool-call', callId: 'c', providerId: 'p', arguments: card } as const
  const usage = (tool: string): StructuralEvent => ({
    type: 'usage',
    seq: 1,
    runId: 'r',
    turn: 1,
    at: '2027-01-15T08:00:00Z',
    usage: { input: 1, output: 1 } as never,
    message: {
      role: 'assistant',
      content: [{ ...part, tool, opaque: { arguments: card } }],
      opaque: { wire: 'responses', value: [{ arguments: card }] },
    },
  })
  const registry = createRegistry([toolOf('pay', { sensitive: ['/card'] }), toolOf('look')])

  test.each([
    ['full', 'pay', true],
    ['redacted', 'pay', false],
    ['redacted', 'pya', false],
    ['redacted', 'look', true],
    ['hash', 'look', false],
  ])(
    'by `%s` a call of `%s` keeps its arguments, also in what the provider wants back: %s',
    async (args, tool, keeps) => {
      const keep = keepBy(() => compiled(args), await registry)
      expect(JSON.stringify(keep(usage(tool))).includes(card)).toBe(keeps)
    },
  )

  test('lose what the policy in force does not keep, also when it has become stricter', async () => {
    let policy = compiled('full')
    const keep = keepBy(() => policy, await registry)
    expect(JSON.stringify(keep(usage('look')))).toContain(card)
    policy = compiled('hash')
    expect(JSON.stringify(keep(usage('look')))).not.toContain(card)
  })
})

describe('records without arguments', () => {
  test.each([
    ['full', true],
    ['redacted', true],
    ['hash', false],
  ])('hold the task of an agent as they hold arguments: %s', async (args, isHeld) => {
    const journal = memoryJournal()
    const helper = agentTool({
      name: 'helper',
      description: 'Helps.',
      instructions: 'You help.',
      tools: [],
      model: scripted([{ text: 'done' }]),
    })
    const prompt = 'look up order-O-7'
    const { start } = agentOf([{ calls: [{ tool: 'helper', args: { prompt } }] }, { text: 'ok' }], {
      journal,
      tools: [helper],
      policy: policyOf({
        rules: [{ id: 'all', allow: ['helper'], who: { roles: ['user'] } }],
        audit: { args },
      }),
    })
    expect((await start().result()).report.rows).toMatchObject([{ status: 'success' }])
    const kept = await Promise.all(
      (await collect(journal.list())).map((runId) => collect(journal.read(runId))),
    )
    expect(kept).toHaveLength(2)
    expect(JSON.stringify(kept).includes(prompt)).toBe(isHeld)
    expect(JSON.stringify(kept)).toContain('You help.')
  })

  test.each<[string, PreparedBy]>([
    [
      'whoever prepares its turns',
      { prepareTurn: ({ messages }) => ({ messages: messages.map(altered) }) },
    ],
    [
      'a wrapper of models',
      {
        wrapModel: (request, next) => next({ ...request, messages: request.messages.map(altered) }),
      },
    ],
    [
      'a wrapper that makes instructions of it',
      {
        wrapModel: (request, next) =>
          next({
            ...request,
            messages: request.messages.map(
              (each) => ({ ...altered(each), role: 'system' }) as Message,
            ),
          }),
      },
    ],
  ])('do not hold it either where %s has altered it', async (_, { prepareTurn, wrapModel }) => {
    const journal = memoryJournal()
    const model = scripted([{ text: 'done' }])
    const helper = agentTool({
      name: 'helper',
      description: 'Helps.',
      tools: [],
      model,
      ...(prepareTurn && { prepareTurn }),
    })
    const prompt = 'look up order-O-7'
    const below: ModelWrapper = (request, next, options) =>
      options.caller?.ownRunId === undefined || wrapModel === undefined
        ? next(request)
        : wrapModel(request, next, options)
    const { start } = agentOf([{ calls: [{ tool: 'helper', args: { prompt } }] }, { text: 'ok' }], {
      journal,
      tools: [helper],
      plugins: [pluginOf({ wrapModel: below })],
      policy: policyOf({
        rules: [{ id: 'all', allow: ['helper'], who: { roles: ['user'] } }],
        audit: { args: 'hash' },
      }),
    })
    expect((await start().result()).status).toBe('completed')
    expect(JSON.stringify(model.requests)).toContain(`${prompt}!`)
    const kept = await Promise.all(
      (await collect(journal.list())).map((runId) => collect(journal.read(runId))),
    )
    expect(kept).toHaveLength(2)
    expect(JSON.stringify(kept)).not.toContain(prompt)
  })

  test.each([
    ['full', [undefined, undefined, undefined, undefined]],
    ['redacted', [undefined, ['/card'], ['/card'], ['']]],
    ['hash', [[''], [''], [''], ['']]],
  ])('tell analysis what is missing: %s', async (args, hidden) => {
    const { path } = await recorded({ args })
    const [trace] = await collect(readTraces(path))
    expect(trace!.calls.map((call) => call.hidden)).toEqual(hidden)
    for (const call of trace!.calls) {
      if (call.hidden !== undefined) expect(call).not.toHaveProperty('rawArgs')
    }
  })

  test('teach no rule', async () => {
    const counts = await Promise.all(
      ['full', 'redacted', 'hash'].map(async (args) => {
        const { path } = await recorded({ args })
        return (await observe(readTraces(path))).calls.length
      }),
    )
    expect(counts).toEqual([2, 1, 0])
  })
})
