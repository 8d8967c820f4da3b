import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { temporaryFolder } from '../support/folder.ts'
import { cli } from '../support/cli.ts'
import { inProcess } from '../support/in-process.ts'
import { openPage } from '../unit/report/page-data.ts'
import { EventWriter, runId, usage } from '../unit/report/sample.ts'
import { seal } from '../unit/report/sealed.ts'

const secret = 'planted/secret+4711=value'
const base64 = Buffer.from(secret).toString('base64')
const forms: readonly string[] = [
  secret,
  base64,
  base64.replaceAll('=', ''),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret).toString('hex'),
  encodeURIComponent(secret),
]
const basic = Buffer.from(`user:${secret}`).toString('base64')
const card = '4111-1111-1111-1111'
const ticket = 'TICKET-99231'
const formats = ['terminal', 'json', 'html', 'markdown', 'sarif', 'junit', 'csv']

/** A journal that holds the secrets in every text of a run that is said by somebody. */
async function plantedJournal(): Promise<string> {
  const path = join(temporaryFolder(), 'j.jsonl')
  const said = [...forms, basic].map((form) => `Bearer ${form}, and ${ticket}`)
  const writer = new EventWriter().start().beginTurn()
  said.forEach((text, index) => {
    writer.propose(index, 'pay', {
      text,
      [text]: 1,
      deep: [{ Card_Number: card, pin: { number: card } }],
      list: [text, 'x'],
    })
  })
  writer.propose(20, `tool-${secret}`, {}).endTurn(1, usage)
  said.forEach((text, index) => {
    writer.decide(index, 'deny', 'no-pay', [`\`/text\` is ${text}`], {
      labels: [{ argument: `/${text}`, trust: 'untrusted', from: [{ kind: 'tool', tool: text }] }],
    })
    writer.refuse(index, 'pay', {
      error: { code: 'denied', message: text, retryable: false, help: `without ${text}` },
    })
  })
  const cutAmid = `there is no \`${secret.slice(0, 12)}… (40 more characters)\`, nor …`
  writer.add({ type: 'error', code: 'tool-failed', message: cutAmid, retryable: false })
  writer.add({ type: 'limit', limit: 'l', max: 1, message: cutAmid })
  writer.add({
    type: 'error',
    code: 'tool-failed',
    message: `cut in it: ${secret.slice(0, 12)}… (40 more characters)`,
    retryable: false,
    help: said[0]!,
  })
  writer.add({ type: 'limit', limit: said[0]!, max: 1, message: said[1]! })
  const journal = jsonlJournal(path)
  await journal.append(runId, 0, seal(writer.end('error').events))
  await journal.close()
  return path
}

const redaction = [
  '--redact',
  '/deep/*/pin',
  'card-number',
  're:TICKET-[0-9]+',
  '--secrets-from-env',
  'DESK_KEY',
]

test('what is to be taken out is in no form of a report, whatever form it has itself', async () => {
  const path = await plantedJournal()
  const cwd = temporaryFolder()
  expect(readFileSync(`${path}.payloads`, 'utf8')).toContain(secret)
  for (const format of formats) {
    const plain = await cli(['report', path, '--format', format], { cwd })
    const environment = { DESK_KEY: secret }
    const told = await cli(['report', path, '--format', format, ...redaction], { cwd, environment })
    expect([format, plain.code, told.code]).toEqual([format, 0, 0])
    const [before, after] = [plain, told].map(({ out, err }) =>
      format === 'html' ? `${out}${openPage(out)}${err}` : out + err,
    ) as [string, string]
    expect(before, format).toContain('planted')
    for (const hidden of [...forms, basic.slice(8, -4), ticket, card, 'planted/secr']) {
      expect(after, `${format}: ${hidden}`).not.toContain(hidden)
    }
    expect(after, format).toContain('redacted')
    if (format !== 'csv') expect(after, format).toMatch(/1 (pattern|known)|"values": 1/)
    if (format === 'terminal') expect(after).toContain('\n  note    taken out of this report: ')
  }
})

test('a report in JSON that was redacted fits its schema, and can be redacted later too', async () => {
  const path = await plantedJournal()
  const cwd = temporaryFolder()
  const environment = { DESK_KEY: secret }
  const whole = await cli(['report', path, '--format', 'json'], { cwd })
  writeFileSync(join(cwd, 'whole.json'), whole.out)
  const told = await cli(['report', path, '--format', 'json', ...redaction], { cwd, environment })
  const later = await cli(['report', 'whole.json', '--format', 'json', ...redaction], {
    cwd,
    environment,
  })
  expect(later.out).toBe(told.out)
  writeFileSync(join(cwd, 'told.json'), told.out)
  const again = await cli(['report', 'told.json', '--format', 'json'], { cwd })
  expect([again.code, again.out]).toEqual([0, told.out])
  const { header, rows } = JSON.parse(told.out) as {
    header: { redaction: unknown }
    rows: readonly { args: { deep: unknown } }[]
  }
  expect(header.redaction).toEqual({
    pointers: ['/deep/*/pin'],
    names: ['card-number'],
    patterns: 1,
    values: 1,
  })
  expect(rows[0]?.args.deep).toEqual([{ Card_Number: '[redacted]', pin: '[redacted]' }])
})

test('what cannot be looked for is refused before anything is shown', async () => {
  const path = await plantedJournal()
  const cwd = temporaryFolder()
  const refused: readonly (readonly [options: readonly string[], says: string])[] = [
    [['--redact', '/a~3'], '`/a~3` is no JSON pointer'],
    [['--redact', 're:('], '`(` is no pattern'],
    [['--redact', ''], 'an empty text names nothing'],
    [['--redact', 're:'], 'an empty text names nothing'],
    [['--secrets-from-env', 'MISSING'], 'the variable `MISSING` is not set'],
    [['--secrets-from-env', 'SHORT'], 'a secret is too short'],
    [['--redact', 'card', '--call', '1.0', '--proof'], 'a proof shows records as they are'],
  ]
  for (const [options, says] of refused) {
    const { code, out, err } = await cli(['report', path, ...options], {
      cwd,
      environment: { SHORT: 'abc' },
    })
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(says)
  }
})

test.each([
  ['--redact', '/card/number'],
  ['--redact', 'CARD'],
  ['--redact', '/*/number'],
])('what the task of a run is pinned to is taken out as arguments are: %s %s', async (...by) => {
  const path = join(temporaryFolder(), 'j.jsonl')
  const scope = [
    {
      tools: ['pay'],
      args: { '/card/number': { const: card }, card: { enum: [card] }, amount: { maximum: 5 } },
    },
  ]
  const { events } = new EventWriter().start().beginTurn().endTurn(1, usage).end('completed')
  const narrowed = events.map((event) => (event.type === 'run-start' ? { ...event, scope } : event))
  const journal = jsonlJournal(path)
  await journal.append(runId, 0, seal(narrowed))
  await journal.close()
  const plain = await inProcess(['report', path, '--format', 'json'])
  expect(plain.out).toContain(card)
  const told = await inProcess(['report', path, '--format', 'json', ...by])
  expect(told.code).toBe(0)
  expect(told.out).not.toContain(card)
})

test('what is wrong with a journal is told without what is to be taken out', async () => {
  const path = await plantedJournal()
  const named = /"callId":"[^"]*"(?=[^\n]*"type":"decision")/
  const lines = readFileSync(path, 'utf8').replace(named, `"callId":"${secret}"`)
  writeFileSync(path, lines)
  for (const command of [
    ['report', path],
    ['log', 'search', '--journal', path],
  ]) {
    const plain = await inProcess(command)
    const told = await inProcess([...command, '--secrets-from-env', 'DESK_KEY'], '', {
      DESK_KEY: secret,
    })
    expect([plain.code, told.code]).toEqual([4, 4])
    expect(plain.notes).toContain(secret)
    expect(told.notes).toContain('[redacted]')
    expect(told.notes + told.out).not.toContain(secret.slice(0, 8))
  }
})
