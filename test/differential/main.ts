// `npm run differential`: official clients and ours against the same bytes. Exit code 1 when they
// disagree in a way that disagreements.json does not explain, or agree where it says they do not.
import { readFileSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import type { Answer, Client } from './client.ts'
import { aiClients } from './clients/ai.ts'
import { anthropicMessages } from './clients/anthropic.ts'
import { openaiChat, openaiResponses } from './clients/openai.ts'
import { readFixtures, type Fixture } from './fixtures.ts'
import { askOurs } from './sallyport.ts'

const clients: readonly Client[] = [openaiChat, openaiResponses, anthropicMessages, ...aiClients]

/** Reasons by place, `<wire>/<fixture> <client>: <difference>`. */
type Reasons = Record<string, string>

const list = new URL('disagreements.json', import.meta.url)
const { values } = parseArgs({ options: { write: { type: 'boolean' } } })
const known = JSON.parse(readFileSync(list, 'utf8')) as Reasons

const tally = new Map<string, { agree: number; disagree: number }>()
const found: Reasons = {}
for (const fixture of readFixtures()) {
  for (const client of clients.filter(({ wire }) => wire === fixture.wire)) {
    const difference = await compare(fixture, client)
    const count = tally.get(`${fixture.wire}: ${client.name}`) ?? { agree: 0, disagree: 0 }
    tally.set(`${fixture.wire}: ${client.name}`, count)
    if (difference === undefined) count.agree++
    else {
      count.disagree++
      const place = `${fixture.wire}/${fixture.name} ${client.name}: ${difference}`
      found[place] = known[place] ?? ''
    }
  }
}
console.table(Object.fromEntries(tally))
report()

async function compare(fixture: Fixture, client: Client): Promise<string | undefined> {
  const { status, type, body } = fixture
  const answer = { status, headers: { 'content-type': type }, body }
  await using provider = await fakeProvider({ turns: () => answer })
  const asked = { baseUrl: provider.baseUrl, stream: type.startsWith('text/event-stream') }
  const ours = await askOurs(fixture.wire, asked)
  return differenceOf(ours, await client.ask({ ...asked, tools: ours.tools }))
}

/** How the other client answers differently; undefined when both mean the same. */
function differenceOf(ours: Answer, theirs: Answer): string | undefined {
  if (ours.failed !== theirs.failed) {
    const calls = theirs.calls.length === 0 ? '' : ' and hands out calls'
    return theirs.failed ? 'it fails' : `it does not fail${calls}`
  }
  if (!isDeepStrictEqual(ours.calls, theirs.calls)) {
    const [mine, other] = [ours.calls.length, theirs.calls.length]
    return mine === other ? 'its calls differ' : `it hands out ${other} calls instead of ${mine}`
  }
  return ours.failed || ours.text === theirs.text ? undefined : 'its text differs'
}

function report(): void {
  if (values.write === true) {
    writeFileSync(list, `${JSON.stringify(found, null, 2)}\n`)
    return
  }
  const unexplained = Object.keys(found).filter((place) => found[place] === '')
  const gone = Object.keys(known).filter((place) => !Object.hasOwn(found, place))
  for (const place of unexplained) console.error(`not explained: ${place}`)
  for (const place of gone) console.error(`no longer so: ${place}`)
  if (unexplained.length + gone.length > 0) process.exitCode = 1
}
