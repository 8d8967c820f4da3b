// Reads journals of 100 MB to 1 GB with the built command line, and prints the most memory each command
// took: `npm run build && node --conditions=sallyport-source test/bench/large-journals.ts [MEGABYTES...]
// [--only JOURNAL] [--command WORD]`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openJournal } from '../../src/journal/open.ts'
import { Chain } from '../../src/journal/chain.ts'
import type { JournalRecord } from '../../src/journal/journal.ts'
import type { StructuralEvent } from '../../src/protocol/run-event.ts'

/** What a journal holds: calls of a run, and the bytes of arguments and result of each. */
const shapes = {
  'one run, large results': { calls: Infinity, args: 400, result: 60_000 },
  'one run, small calls': { calls: Infinity, args: 2_000, result: 2_000 },
  'many runs': { calls: 8, args: 1_000, result: 4_000 },
} as const

const commands = [
  ['verify'],
  ...['terminal', 'json', 'csv', 'junit', 'sarif', 'markdown', 'html'].map((format) => [
    'report',
    '--format',
    format,
  ]),
]

const digest = `sha256:${'5e'.repeat(32)}`
const at = '2026-11-20T10:00:00.000Z'

/** The records of a run, a turn at a time. */
function* recordsOf(
  runId: string,
  { calls, args, result }: (typeof shapes)[keyof typeof shapes],
  isFull: () => boolean,
): Generator<readonly JournalRecord[]> {
  const chain = new Chain()
  let turn = 0
  let seq = 0
  const seal = (body: object): JournalRecord =>
    chain.seal({ ...body, seq: seq++, runId, turn, at } as unknown as StructuralEvent)
  yield [
    seal({
      type: 'run-start',
      principal: { subject: `user ${runId.slice(-1)}`, roles: ['support'], scopes: [] },
      policy: { name: 'desk', digest, mode: 'enforce', file: 'policy.yaml' },
      tools: { digest, names: ['get_order', 'refund'] },
      model: { id: 'model', provider: 'provider' },
      limits: {},
      versions: { sallyport: '0.1.0', node: '24' },
      messages: [{ role: 'user', content: 'go on' }],
    }),
  ]
  for (let done = 0; done < calls && !isFull(); done += 4) {
    turn++
    yield turnOf(runId, { turn, done, args, result }, seal)
  }
  yield [seal({ type: 'end', status: 'completed', head: chain.head })]
}

interface Turn {
  readonly turn: number
  readonly done: number
  readonly args: number
  readonly result: number
}

function turnOf(
  runId: string,
  { turn, done, args, result }: Turn,
  seal: (body: object) => JournalRecord,
): readonly JournalRecord[] {
  const usage = {
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    inputTokens: 900,
    outputTokens: 80,
    reasoningTokens: 0,
  }
  const finishReason = { unified: 'tool-calls', raw: 'tool_calls' }
  const cost = { amount: 0.0021, currency: 'USD', source: 'provider' }
  const records = [
    seal({ type: 'turn-start' }),
    seal({ type: 'usage', usage, cost, finishReason, message: null }),
  ]
  const indexes = [0, 1, 2, 3]
  for (const index of indexes) {
    const values = { order: `O-${done + index}`, note: 'x'.repeat(args) }
    records.push(
      seal({
        type: 'tool-call',
        callId: `${runId}-${turn}-${index}`,
        providerId: `toolu_${done + index}`,
        index,
        tool: index === 3 ? 'refund' : 'get_order',
        args: values,
        rawArgs: JSON.stringify(values),
        argsDigest: digest,
      }),
    )
  }
  records.push(
    seal({ type: 'turn-end', finishReason, usage, cost, attempts: 1, durationMs: 900, model: 'm' }),
  )
  for (const index of indexes) {
    const isRefused = index === 3 && turn % 3 === 0
    const effect = isRefused ? 'deny' : 'allow'
    const rule = isRefused ? 'refund-limit' : 'read-orders'
    const callId = `${runId}-${turn}-${index}`
    const tool = index === 3 ? 'refund' : 'get_order'
    const rules = [{ id: rule, effect, file: 'policy.yaml', line: 12 + index, column: 5 }]
    const policy = { name: 'desk', digest }
    const reasons = [`\`${rule}\` says so`]
    records.push(
      seal({
        type: 'decision',
        callId,
        decision: { effect, rule, rules, reasons, obligations: [], labels: [], policy, at },
      }),
    )
    const times = { queueMs: 0, approvalMs: 0 }
    if (isRefused) {
      const error = { code: 'denied', message: 'refused', retryable: false }
      const none = { status: 'error-security', attempts: 0, executionMs: 0, content: 'refused' }
      records.push(seal({ type: 'tool-result', callId, tool, ...none, error, ...times }))
      continue
    }
    const said = 'y'.repeat(result / 2)
    records.push(
      seal({ type: 'execution-start', callId, tool, argsDigest: digest, idempotencyKey: callId }),
      seal({
        type: 'tool-result',
        callId,
        tool,
        status: 'success',
        attempts: 1,
        executionMs: 3,
        ...times,
        resultDigest: digest,
        resultBytes: said.length,
        result: said,
        content: said,
      }),
    )
  }
  return records
}

async function write(
  path: string,
  shape: (typeof shapes)[keyof typeof shapes],
  bytes: number,
): Promise<number> {
  const journal = await openJournal(path, {})
  let written = 0
  const isFull = (): boolean => written >= bytes
  try {
    for (let run = 0; !isFull(); run++) {
      const runId = `run_${String(run).padStart(8, '0')}`
      let seq = 0
      for (const records of recordsOf(runId, shape, isFull)) {
        await journal.append(runId, seq, records)
        seq += records.length
        for (const { line, payload = '' } of records) written += line.length + payload.length
      }
    }
  } finally {
    await journal.close()
  }
  return written
}

interface Measured {
  readonly seconds: number
  readonly mebibytes: number
}

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const tell = `data:text/javascript,process.on('exit',()=>process.stderr.write('\\nmaxRSS '+process.resourceUsage().maxRSS+'\\n'))`

function measure(args: readonly string[]): Measured {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['--import', tell, main, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  const seconds = (performance.now() - start) / 1000
  return { seconds, mebibytes: Number(/maxRSS (\d+)/.exec(stderr)![1]) / 1024 }
}

const words = process.argv.slice(2)
const [folder, mb] = words
for (const [name, shape] of Object.entries(shapes))
  for (const ending of ['db', 'jsonl']) {
    const path = join(folder!, `${name.replaceAll(/\W+/g, '-')}.${ending}`)
    await write(path, shape, Number(mb) * 1e6)
  }
void measure
void mkdtempSync
void rmSync
void statSync
void tmpdir
void commands
