// Holds many streams open at once, in a process of its own that can collect garbage, and tells how
// much memory they take.
import { setTimeout as sleep } from 'node:timers/promises'
import { createRuntime } from '../../src/index.ts'
import { anthropic, openai, openaiCompatible, type HttpModel } from '../../src/model/index.ts'
import { request } from 'undici'
import { loadContestant, peerNames } from './contestant.ts'
import type { HeldMemory } from './hold.ts'

/** Opens one stream of the model; resolves once half of an answer has been read. */
type Open = (model: string, signal: AbortSignal) => Promise<unknown>

const warmUps = 100
/** Of CPU in a quarter of a second: what timers and the heartbeat of a process take. */
const idleMicroseconds = 10_000
const [kind = '', baseUrl = '', count = '0'] = process.argv.slice(2)
const messages = [{ role: 'user', content: 'hello' }] as const

/** The connection and its client alone: what arrives is looked at and dropped. */
const socket: Open = async (model, signal) => {
  const body = JSON.stringify({ model, stream: true, messages })
  const url = `${baseUrl}/chat/completions`
  const answer = await request(url, { method: 'POST', body, signal })
  answer.body.on('error', () => undefined)
  await new Promise((resolve) => answer.body.once('data', resolve))
  if (model === 'whole') await answer.body.dump()
  return answer
}

/** What a stream has told last is kept, as a caller who reads on does. */
function streamed(of: HttpModel): Open {
  return async (model, signal) => {
    const stream = of.withModel(model).stream({ messages, tools: [] }, { signal })
    const events = stream[Symbol.asyncIterator]()
    for (;;) {
      const { value, done } = await events.next()
      if (done === true) return events
      if (value.type === 'error') throw new Error(value.error.message)
      if (value.type === 'text-delta' && model !== 'whole') return [events, events.next()]
    }
  }
}

/** A whole run around the stream: gate, journal, limits. */
function running(of: HttpModel): Open {
  const runtimes = new Map(
    ['whole', 'held'].map((model) => [model, createRuntime({ model: of.withModel(model) })]),
  )
  return async (model, signal) => {
    const run = runtimes.get(model)!.run({ input: 'hello', signal })
    for await (const event of run) {
      if (event.type === 'error') throw new Error(event.message)
      if (event.type === 'text-delta' && model !== 'whole') return run
    }
    return run
  }
}

/** A run of a contestant, which tells nothing before its end: see `idle`. */
async function contesting(name: string): Promise<Open> {
  const prepare = await loadContestant(name)
  const runs = new Map(
    await Promise.all(
      ['whole', 'held'].map(
        async (scenario) => [scenario, await prepare({ baseUrl, scenario })] as const,
      ),
    ),
  )
  return async (model) => {
    const run = runs.get(model)!()
    if (model === 'whole') return run
    // it ends when the process does
    return [run.catch(() => undefined)]
  }
}

/** Resolves once the process has nothing left to do but wait for the server. */
async function idle(): Promise<void> {
  for (let quiet = 0; quiet < 4;) {
    const before = process.cpuUsage()
    await sleep(250)
    const { user, system } = process.cpuUsage(before)
    quiet = user + system < idleMicroseconds ? quiet + 1 : 0
  }
}

async function opener(): Promise<Open> {
  if ((peerNames as readonly string[]).includes(kind)) return contesting(kind)
  const options = { apiKey: 'bench', model: 'held' }
  const chat = openaiCompatible({ baseUrl, ...options })
  switch (kind) {
    case 'chat':
      return streamed(chat)
    case 'responses':
      return streamed(openai({ baseUrl, ...options, wire: 'responses' }))
    case 'anthropic':
      return streamed(anthropic({ baseUrl: baseUrl.replace(/\/v1$/, ''), ...options }))
    case 'run':
      return running(chat)
    default:
      return socket
  }
}

async function memory(): Promise<HeldMemory> {
  for (let time = 0; time < 4; time++) {
    globalThis.gc!()
    await sleep(50)
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
}

const open = await opener()
const { signal } = new AbortController()
for (let at = 0; at < warmUps; at++) await open('whole', signal)
const before = await memory()
const stop = new AbortController()
const held: Promise<unknown>[] = []
for (let at = 0; at < Number(count); at++) held.push(open('held', stop.signal))
const open1000 = await Promise.all(held)
await idle()
const after = await memory()
process.send!({
  rss: (after.rss - before.rss) / open1000.length,
  heap: (after.heap - before.heap) / open1000.length,
} satisfies HeldMemory)
