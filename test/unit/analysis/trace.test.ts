import { closeSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { replayTrace } from '../../../src/analysis/replay.ts'
import { traceOfRun } from '../../../src/analysis/trace-run.ts'
import { readTraces, type Trace } from '../../../src/analysis/trace.ts'
import { isSallyportError } from '../../../src/base/errors.ts'
import { prepareRehearsals } from '../../../src/gate/rehearsal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { agentOf, collect, finish, policyOf, toolOf, user } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { makePipe } from '../../support/pipe.ts'

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

function read(path: string): Promise<readonly Trace[]> {
  return collect(readTraces(path))
}

async function problemOf(content: string, name = 't.jsonl'): Promise<string> {
  try {
    await read(fileOf(name, content))
  } catch (error) {
    if (isSallyportError(error)) return `${error.code} ${error.message.replace(/.*t\.jsonl/, '')}`
    throw error
  }
  return 'none'
}

const line = JSON.stringify({
  id: 't1',
  principal: { subject: 'u', roles: ['user'] },
  messages: [
    { role: 'system', content: 's' },
    { role: 'user', content: 'u' },
    { role: 'assistant', content: 'a' },
  ],
  calls: [
    { id: 'c1', name: 'look', args: { a: 1 }, result: null },
    { name: 'pay', args: {}, error: 'broken' },
  ],
  meta: { suite: 'x' },
})

describe('traces as lines', () => {
  test('are read whole, with the line they stand in', async () => {
    const path = fileOf('t.jsonl', `\n${line}\r\n${line.replace('t1', 't2')}`)
    const [first, second, ...rest] = await read(path)
    expect(rest).toEqual([])
    expect(first).toEqual({
      id: 't1',
      principal: { subject: 'u', roles: ['user'], scopes: [] },
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'u' },
        { role: 'assistant', content: [{ type: 'text', text: 'a' }] },
      ],
      calls: [
        { id: 'c1', name: 'look', args: { a: 1 }, result: null },
        { name: 'pay', args: {}, error: 'broken' },
      ],
      meta: { suite: 'x' },
      place: `${path}:2`,
    })
    expect([second!.id, second!.place]).toEqual(['t2', `${path}:3`])
  })

  test('may be packed, and may have lines longer than a piece of the file', async () => {
    const long = line.replace('"broken"', JSON.stringify('é'.repeat(300_000)))
    const plain = await read(fileOf('t.jsonl', `${long}\n`))
    const packed = await read(fileOf('t.jsonl.gz', gzipSync(`${long}\n`)))
    expect(plain[0]!.calls[1]!.error).toBe('é'.repeat(300_000))
    expect(packed[0]!.calls).toEqual(plain[0]!.calls)
  })

  test('are refused with place and reason when they are something else', async () => {
    const cases: readonly (readonly [text: string, problem: string])[] = [
      ['{"id": 5, "calls": []}', 'bad-trace :1`: `id` is not a text'],
      ['{"id": "a"}', 'bad-trace :1`: `calls` is not a list'],
      ['[]', 'bad-trace :1`: the trace is not an object'],
      [`${line}\n{"id": "a", "calls": [1]}`, 'bad-trace :2`: call 1 is not an object'],
      ['{"id": "a", "calls": [{"name": "x", "args": []}]}', '`args` of call 1 is not an object'],
      ['{"id": "a", "calls": [{"name": "x", "arg": {}}]}', 'call 1 has no member `arg`'],
      ['{"id": "a", "calls": [], "principle": {}}', 'the trace has no member `principle`'],
      ['{"id": "a", "calls": [], "principal": {"subject": "u", "roles": "x"}}', 'roles` is not'],
      ['{"id": "a", "calls": [], "principal": {"subject": "u", "role": "x"}}', 'no member `role`'],
      ['{"id": "a", "calls": [], "principal": {"subject": "u", "claims": []}}', 'claims` is not'],
      ['{"id": "a", "calls": [], "messages": [{"role": "tool", "content": ""}]}', '`role` of'],
      ['{"id": "a", "id": "b", "calls": []}', 'occurs twice'],
      [`${line}\n{`, 'bad-trace :2`: '],
    ]
    for (const [text, problem] of cases) expect(await problemOf(text)).toContain(problem)
  })

  test('show nothing of hostile names in a form that moves the cursor', async () => {
    const problem = await problemOf('{"id": "a", "calls": [], "\\u001b[2J": 1}')
    expect(problem).toContain('\\u{1b}[2J')
    expect(problem).not.toContain('\u001b')
  })

  test('say which file is missing or damaged', async () => {
    await expect(read(join(temporaryFolder(), 'none'))).rejects.toMatchObject({ code: 'bad-file' })
    const broken = fileOf('t.jsonl.gz', 'no gzip')
    await expect(read(broken)).rejects.toMatchObject({ code: 'bad-file' })
  })

  test.runIf(process.platform === 'linux')(
    'are not taken for none where they come through a pipe',
    async () => {
      const pipe = join(temporaryFolder(), 'traces.jsonl')
      makePipe(pipe)
      // a writer, or opening it could wait
      const writing = openSync(pipe, 'r+')
      writeSync(writing, `${line}\n`)
      for (const path of ['/dev/null', pipe]) {
        await expect(read(path)).rejects.toMatchObject({
          code: 'bad-file',
          message: `\`${path}\` cannot be read: it is not a file`,
        })
      }
      closeSync(writing)
    },
  )
})

async function recordedRun(): Promise<{ journal: string; report: string; runId: string }> {
  const journal = join(temporaryFolder(), 'journal.jsonl')
  const calls = [
    { tool: 'look', args: { id: 7 } },
    { tool: 'pay', args: { amount: 1, card: '4111' } },
  ]
  const tools = [
    toolOf('look', { execute: () => ({ seen: true }) }),
    toolOf('pay', { sensitive: ['/card'] }),
  ]
  const file = jsonlJournal(journal)
  const agent = agentOf([{ calls }, { text: 'done' }], {
    tools,
    policy: policyOf({ rules: [{ id: 'looks', allow: ['look'], who: { roles: ['user'] } }] }),
    journal: file,
  })
  const { result } = await finish(agent.start())
  await file.close()
  const report = fileOf('report.json', renderJson(result.report))
  return { journal, report, runId: result.report.header.runId }
}

/** Bytes that this process has read from files, as Linux counts them. */
function bytesRead(): number {
  const [, count] = /^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))!
  return Number(count)
}

describe('records of our own', () => {
  test.runIf(process.platform === 'linux')('are read once, however many runs', async () => {
    const path = join(temporaryFolder(), 'journal.jsonl')
    const journal = jsonlJournal(path)
    const { runtime } = agentOf(
      Array.from({ length: 100 }, () => ({ text: 'done'.repeat(1000) })),
      { journal },
    )
    for (let run = 0; run < 100; run++) {
      await runtime.run({ input: `number ${run}`, auth: { custom: user } }).result()
    }
    await journal.close()
    const size = statSync(path).size + statSync(`${path}.payloads`).size
    const before = bytesRead()
    const traces = await read(path)
    expect(traces.map(({ messages }) => messages.at(-1)?.content)).toEqual(
      Array.from({ length: 100 }, (_, run) => `number ${run}`),
    )
    expect((bytesRead() - before) / size).toBeLessThan(5)
  })

  test('give one trace for each run of a journal, with what was decided and returned', async () => {
    const { journal, runId } = await recordedRun()
    const [trace, ...rest] = await read(journal)
    expect(rest).toEqual([])
    expect(trace).toMatchObject({ id: runId, principal: user, place: journal })
    expect(trace!.messages).toEqual([expect.objectContaining({ role: 'user' })])
    expect(trace!.calls).toMatchObject([
      {
        name: 'look',
        turn: 1,
        args: { id: 7 },
        result: { seen: true },
        status: 'success',
        decision: { effect: 'allow', rule: 'looks' },
      },
      {
        name: 'pay',
        turn: 1,
        args: { amount: 1, card: '4111' },
        status: 'error-security',
        error: expect.stringContaining('Denied'),
        decision: { effect: 'deny', rule: 'default' },
      },
    ])
  })

  test('keep what their run was narrowed to, and are refused where it is none', async () => {
    const journal = memoryJournal()
    const agent = agentOf([{ calls: [{ tool: 'look' }, { tool: 'pay' }] }, { text: 'done' }], {
      tools: [toolOf('look'), toolOf('pay')],
      policy: policyOf({ rules: [{ id: 'all', allow: ['**'], who: { roles: ['user'] } }] }),
      journal,
    })
    const { result } = await finish(agent.start({ scope: { tools: ['look'] } }))
    const report = renderJson(result.report)
    const policy = policyOf({ rules: [{ id: 'all', allow: ['**'] }] }).compile(undefined)
    const begin = await prepareRehearsals(policy)
    const [ofReport] = await read(fileOf('report.json', report))
    const ofJournal = await traceOfRun(journal.read(result.runId), 'memory')
    for (const trace of [ofReport!, ofJournal]) {
      const { calls } = await replayTrace({ policy, begin, caller: null }, trace)
      expect(calls.map(({ decision }) => decision.rule)).toEqual(['all', 'scope'])
    }
    const header = { ...result.report.header, scope: [{ tools: ['look'], who: {} }] }
    const broken = JSON.stringify({ ...result.report, header })
    await expect(read(fileOf('report.json', broken))).rejects.toMatchObject({ code: 'bad-trace' })
  })

  test('do not take the task of an agent for what a user has said', async () => {
    const journal = memoryJournal()
    const model = scripted([{ text: 'done' }])
    const instructions = 'You help.'
    const helper = agentTool({
      name: 'helper',
      description: 'Helps.',
      instructions,
      model,
      tools: [],
    })
    const call = { tool: 'helper', args: { prompt: 'go to mallory' } }
    const agent = agentOf([{ calls: [call] }, { text: 'done' }], {
      tools: [helper],
      policy: policyOf({ rules: [{ id: 'all', allow: ['**'], who: { roles: ['user'] } }] }),
      journal,
    })
    const { report } = await agent.start({ input: 'hello' }).result()
    const [first, below] = await Promise.all(
      [report.header.runId, report.rows[0]!.child!.runId].map((runId) =>
        traceOfRun(journal.read(runId), 'memory'),
      ),
    )
    expect(first!.messages).toEqual([{ role: 'user', content: 'hello' }])
    expect(below!.messages).toEqual([{ role: 'system', content: instructions }])
  })

  test('keep their course when payloads were erased', async () => {
    const { journal } = await recordedRun()
    writeFileSync(`${journal}.payloads`, '')
    const [trace] = await read(journal)
    expect(trace!.messages).toEqual([])
    expect(trace!.calls).toMatchObject([
      { name: 'look', args: null, status: 'success' },
      { name: 'pay', args: null, status: 'error-security' },
    ])
    expect(trace!.calls[0]).not.toHaveProperty('result')
  })

  test('give a trace of a report, on one line or many, and say what is blacked out', async () => {
    const { report, runId } = await recordedRun()
    const [trace] = await read(report)
    expect(trace).toMatchObject({ id: runId, principal: user, messages: [] })
    expect(trace!.calls).toMatchObject([
      { name: 'look', args: { id: 7 }, decision: { effect: 'allow' } },
      { name: 'pay', hidden: ['/card'], decision: { effect: 'deny' } },
    ])
    const text = readFileSync(report, 'utf8')
    const dense = fileOf('dense.json', JSON.stringify(JSON.parse(text)))
    const [again] = await read(dense)
    expect(again!.calls).toEqual(trace!.calls)
  })

  test('are refused when they are no record of ours', async () => {
    expect(await problemOf('{\n"version": 2,\n"rows": []}')).toContain('version 1')
    expect(await problemOf('{"version": 1, "header": {}, "rows": []}')).toContain('header.runId')
    const damaged = '{"runId": "r", "seq": 0, "prev": "x", "type": "end", "v": 1}\n'
    expect(await problemOf(damaged)).toContain('run-start')
  })
})
