import { appendFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { readTraces } from '../../../src/analysis/trace.ts'
import { diskHistory } from '../../../src/history/disk.ts'
import { memoryHistory } from '../../../src/history/memory.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { loadPolicy } from '../../../src/loading/file.ts'
import { signPolicy } from '../../../src/loading/sign.ts'
import { readPolicyText } from '../../../src/loading/text.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { fetchUrl } from '../../../src/tools/access/fetch.ts'
import { isolate } from '../../../src/tools/isolate/isolate.ts'
import { redeemPermit } from '../../../src/tools/permit.ts'
import { createRegistry } from '../../../src/tools/registry.ts'
import { defineTool } from '../../../src/tools/tool.ts'
import { cassette } from '../../../src/testing/cassette.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, allowing, collect, policyOf, toolOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { policyFolder } from '../../support/policy-files.ts'
import { keyPair } from '../../support/policy-keys.ts'
import { guardsOf } from '../../unit/gate/guards/guarded.ts'
import { failing, thrown, type Fixtures } from './fixture.ts'

const ours = keyPair('ours')
const theirs = keyPair('theirs')

/** A policy that is signed by us, if it is, and the host that demands a signature. */
async function signed(change: (path: string) => unknown, keys = [ours.open]): Promise<unknown> {
  const path = join(policyFolder({ 'main.yaml': 'rules: []\n' }), 'main.yaml')
  writeFileSync(`${path}.sig`, await signPolicy(path, ours.secret))
  await change(path)
  return loadPolicy(path, { keys })
}

function fileOf(text: string): string {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, text)
  return path
}

/** Two runs that believe to carry the same one. */
async function conflict(): Promise<unknown> {
  const journal = memoryJournal()
  const { runId } = await agentOf([{ text: 'a' }], { journal })
    .start()
    .result()
  const [first] = await collect(journal.read(runId))
  return journal.append(runId, 0, [first!])
}

/** Resumes a run that waits for an approval, with a tool of this description. */
async function resumed(description: string, turns: readonly ScriptedTurn[]): Promise<unknown> {
  const journal = memoryJournal()
  const policy = policyOf({ rules: [{ id: 'asked', ask: ['act'], who: { roles: ['user'] } }] })
  const first = agentOf(turns, { journal, policy, tools: [toolOf('act')] })
  const { runId } = await first.start().result()
  const tools = [toolOf('act', { description })]
  return agentOf([{ text: '' }], { journal, policy, tools })
    .runtime.resume(runId)
    .result()
}

async function largeAnswer(): Promise<unknown> {
  const server = createServer((_, response) => {
    response.on('error', () => undefined)
    response.end(Buffer.alloc(33 * 1024 * 1024))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = 'allowed.example'
  const guards = guardsOf({ network: [{ schemes: ['http'], hosts: [host], ports: [port] }] })
  const network = { resolve: async () => ['93.184.216.34'], dial: () => '127.0.0.1' }
  try {
    const surroundings = { tool: 't', signal: new AbortController().signal }
    const url = `http://${host}:${port}/`
    const response = await fetchUrl(guards.access('t'), surroundings, url, {}, network)
    return await response.text()
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Mistakes of programs and damaged files: thrown. */
export const ofPrograms: Fixtures = {
  'bad-option': thrown(() => createRuntime({} as never)),
  'bad-tool': thrown(() => defineTool({ name: 'no execute' } as never)),
  'bad-plugin': thrown(() =>
    agentOf([], { plugins: [{ name: 'broken', setup: failing }] }).runtime.ready(),
  ),
  'bad-schema': thrown(() => createRegistry([toolOf('t', { input: { type: 'nonsense' } })])),
  // a Node that can deny the network by itself needs no more than itself
  'isolation-unavailable': thrown(() => isolate(fileOf(''), { walls: 'node' })),
  'bad-policy': thrown(() => readPolicyText('rules: [', 'p.yaml')),
  'policy-unsigned': thrown(() =>
    loadPolicy(join(policyFolder({ 'main.yaml': 'rules: []\n' }), 'main.yaml'), {
      keys: [ours.open],
    }),
  ),
  'policy-signature': thrown(() =>
    signed((path) => writeFileSync(path, 'sallyport: 1\nname: other\nrules: []\n')),
  ),
  'policy-key-unknown': thrown(() => signed(() => undefined, [theirs.open])),
  'bad-journal': thrown(async () => {
    const path = join(temporaryFolder(), 'journal.jsonl')
    const first = jsonlJournal(path)
    const { runId } = await agentOf([{ text: 'a' }], { journal: first })
      .start()
      .result()
    await first.close()
    appendFileSync(path, '{"half": \n{}\n')
    return collect(jsonlJournal(path).read(runId))
  }),
  'bad-trace': thrown(() => collect(readTraces(fileOf('{"id": 1}\n')))),
  'bad-cassette': thrown(() => cassette({ file: fileOf('{}') })),
  'journal-conflict': thrown(conflict),
  'bad-history': thrown(async () => {
    const folder = temporaryFolder()
    const store = diskHistory(folder)
    await store.append('a', 0, [])
    writeFileSync(join(folder, 'file'), '')
    return diskHistory(join(folder, 'file')).read('a')
  }),
  'history-conflict': thrown(() => memoryHistory().append('a', 1, [])),
  'bad-file': thrown(() => collect(readTraces(join(temporaryFolder(), 'none')))),
  'run-carried': thrown(async () => {
    const journal = memoryJournal()
    const options = { journal, policy: allowing('act') }
    let resuming: Promise<unknown> | undefined
    const act = toolOf('act', {
      execute: (_, { runId }) => {
        const other = agentOf([], { ...options, tools: [toolOf('act')] })
        resuming = other.runtime.resume(runId).result()
        return resuming.catch(() => 'done')
      },
    })
    const turns = [{ calls: [{ tool: 'act' }] }, { text: '' }]
    await agentOf(turns, { ...options, tools: [act] })
      .start()
      .result()
    await resuming
  }),
  'runtime-closed': thrown(async () => {
    const { runtime, start } = agentOf([])
    await runtime.close()
    start()
  }),
  'run-not-resumable': thrown(() => resumed('The tool act.', [{ text: 'done' }])),
  'tool-drift': thrown(() => resumed('Another one.', [{ calls: [{ tool: 'act' }] }])),
  'bad-permit': thrown(() => redeemPermit({} as never)),
  'access-denied': async () => {
    const seen: unknown[] = []
    const tool = toolOf('read', {
      async execute(_, { open }) {
        seen.push(...(await thrown(() => open('/etc/hosts'))()))
        return 'done'
      },
    })
    const options = { tools: [tool], policy: allowing('read') }
    await agentOf([{ calls: [{ tool: 'read' }] }, { text: '' }], options)
      .start()
      .result()
    return seen
  },
  'access-too-large': thrown(largeAnswer),
}
