import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  createRuntime,
  defineTool,
  loadPolicy,
  memoryJournal,
  openaiCompatible,
  type Journal,
  type Runtime,
} from '../../../src/index.ts'

import type { Prepare, Target } from '../contestant.ts'
import { policyText } from '../policy-text.ts'
import type { Expectation } from '../scenarios.ts'
import { promptText, systemText, toolsFor } from '../toolbox.ts'

interface Counter {
  executions: number
}

/** Rules of the two tools; with those of the other tools 1,000. */
const ownRules = [
  '{id: orders, allow: [lookup_order], who: {roles: [support]}, args: {order: {type: string, matches: "O-[0-9]{1,9}"}, amount: {type: number, maximum: 100}}}',
  '{id: big-orders, ask: [lookup_order], who: {roles: [support]}, args: {amount: {exclusiveMinimum: 100}}}',
  '{id: no-house-orders, deny: [lookup_order], args: {order: {matches: "H-.*"}}}',
  '{id: documents, allow: [save_document], who: {roles: [support]}, args: {document: {type: string}}}',
]
const ruleCount = 1000

const policy = await readGeneratedPolicy()

const tools = (scenario: string): ReturnType<typeof defineTool>[] =>
  toolsFor(scenario).map(({ name, description, input, run }) =>
    defineTool({
      name,
      description,
      input,
      annotations: { readOnly: true },
      execute: async (args, { deps }) => {
        const result = await (run as (args: unknown) => Promise<unknown>)(args)
        ;(deps as Counter).executions++
        return result
      },
    }),
  )

/** Runs over what `open` gives for each slice: how full the memory is must not be measured. */
export function preparing(open: () => Journal): Prepare {
  const runtimes = new Map<string, Promise<Runtime>>()
  let stored: Journal | undefined
  const journal: Journal = {
    ...memoryJournal(),
    append: (runId, expectedSeq, records) => stored!.append(runId, expectedSeq, records),
    read: (runId, from) => stored!.read(runId, from),
    list: () => stored!.list(),
    leaveAnswer: (runId, answer) => stored!.leaveAnswer(runId, answer),
    answers: (runId) => stored!.answers(runId),
    close: () => stored!.close(),
  }
  return async (target) => {
    const next = open()
    if (next !== stored) await stored?.close()
    stored = next
    const { scenario } = target
    const starting = runtimes.get(scenario) ?? startRuntime(target, journal)
    runtimes.set(scenario, starting)
    const runtime = await starting
    return () => runOnce(runtime)
  }
}

export const prepare: Prepare = preparing(memoryJournal)

async function runOnce(runtime: Runtime): Promise<Expectation> {
  const deps: Counter = { executions: 0 }
  const { signal } = new AbortController()
  const run = runtime.run({ input: promptText, deps, signal })
  let characters = 0
  for await (const event of run) {
    if (event.type === 'text-delta') characters += event.text.length
  }
  const { status, report } = await run.result()
  if (status !== 'completed' || report.rows.length !== deps.executions) {
    throw new Error(`the run ended as ${status} with ${report.rows.length} rows`)
  }
  return { characters, executions: deps.executions }
}

async function startRuntime({ baseUrl, scenario }: Target, journal: Journal): Promise<Runtime> {
  const runtime = createRuntime({
    model: openaiCompatible({ baseUrl, apiKey: 'bench', model: scenario }),
    tools: tools(scenario),
    policy,
    instructions: systemText,
    journal,
    limits: { maxTurns: 250, maxToolCalls: 250, maxParallel: 16, runTimeoutMs: 600_000 },
  })
  await runtime.ready()
  return runtime
}

async function readGeneratedPolicy(): ReturnType<typeof loadPolicy> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  try {
    const file = join(folder, 'bench.yaml')
    const extra = { tools: toolsFor('').map(({ name }) => name), rules: ownRules }
    writeFileSync(file, policyText(ruleCount - ownRules.length, 'spread', extra))
    return await loadPolicy(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
