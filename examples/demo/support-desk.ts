import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, jsonlJournal, loadPolicy, openaiCompatible } from 'sallyport'
import { createAuthenticator } from 'sallyport/gate'
import { renderHtml, renderTerminal, verifyChain } from 'sallyport/report'
import { fakeProvider } from 'sallyport/testing'
import tools from './tools.ts'
import { checkDesk, checkRun } from './checks.ts'
import { openDesk } from './desk.ts'
import { createIssuer } from './identity.ts'
import { request, turns } from './script.ts'
import { approveAs, say, show } from './show.ts'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-demo-'))
const at = (name: string): string => join(folder, name)

// the world: a desk in SQLite, an identity provider, a model provider on 127.0.0.1
const desk = openDesk(at('desk.db'))
const issuer = await createIssuer(at('keys.json'))
const uma = await issuer.token({
  sub: 'uma',
  roles: ['agents'],
  scope: 'desk:read refund:write mail:send',
  act: { sub: 'desk-agent' },
})
const lena = await issuer.token({ sub: 'lena', roles: ['leads'], scope: 'desk:read' })
await using provider = await fakeProvider({ turns })

// the product: a policy, a journal, a runtime
await copyFile(new URL('policy.yaml', import.meta.url), at('policy.yaml'))
const policy = await loadPolicy(at('policy.yaml'))
const authenticator = createAuthenticator(policy.file.identity, {
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  readFile: (name) => readFile(at(name), 'utf8'),
})
const journal = jsonlJournal(at('journal.jsonl'))
const runtime = createRuntime({
  model: openaiCompatible({ baseUrl: provider.baseUrl, model: 'demo', provider: 'loopback' }),
  instructions: 'You are the assistant of a support desk.',
  tools,
  policy,
  journal,
  approve: approveAs(lena, authenticator),
})

// the run: on behalf of Uma
say('uma', request)
const run = runtime.run({ input: request, auth: { bearer: uma }, deps: { desk } })
const events = await show(run)
const result = await run.result()

// the record: a report for people, a journal that can be checked
const verification = await verifyChain(journal.read(run.id), { head: result.report.head ?? '' })
await journal.close()
await writeFile(at('report.html'), renderHtml(result.report, { verification }))
const { isTTY, columns } = process.stdout
process.stdout.write('\n')
process.stdout.write(
  renderTerminal(result.report, {
    color: isTTY,
    width: columns ?? 100,
    htmlPath: at('report.html'),
  }),
)

checkRun({ result, events, verification, requests: provider.requests, policy: at('policy.yaml') })
checkDesk(desk)
desk.close()
process.stdout.write('\n')
say('checked', 'rows, statuses, mails and money are as expected')
say('desk', at('desk.db'))
say('journal', `${at('journal.jsonl')} (${verification.records} records, ${verification.message})`)
say('report', at('report.html'))
say('again', `npm run sallyport -- report ${at('journal.jsonl')} --format html -o report.html`)
