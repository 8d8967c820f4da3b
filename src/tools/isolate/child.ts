import { writeSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { pathToFileURL } from 'node:url'
import { errorDataOf, messageOf } from '../../base/errors.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'
import { copyPlain } from '../../base/plain.ts'
import { checkStandard, type StandardSchema } from '../standard-schema.ts'
import {
  canReconcile,
  implementationOf,
  reconcilerOf,
  schemaLibrariesOf,
  toTools,
  type Tool,
  type ToolDefinition,
} from '../tool.ts'
import { ChildContext } from './child-context.ts'
import { encodeFrame, readFrames, type Frame } from './frames.ts'
import type { Start } from './task.ts'

/** What runs inside: loads the module, does one thing, says what came of it, and waits to be killed. */

const channel = 3
const bounds = { maxLength: 4 * 1024 * 1024 + 2, maxDepth: 64 }

/** Blocks while nobody reads. */
function send(frame: Frame): void {
  const bytes = Buffer.from(encodeFrame(frame))
  for (let at = 0; at < bytes.length;) at += writeSync(channel, bytes, at)
}

async function main(): Promise<void> {
  const frames = readFrames(process.stdin, Infinity)
  const first = await frames.next()
  if (first.done === true) return
  const start = first.value as unknown as Start
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, start.environment)
  refuseCopiedLinks()
  send({ type: 'ready' })
  const context = new ChildContext(start, send)
  void listen(frames, context)
  try {
    const tools = await load(start.module)
    send(start.task.kind === 'describe' ? describe(tools) : await carryOut(tools, start, context))
  } catch (error) {
    send(thrown(error))
  }
}

/**
 * Without a filter Node copies folders in one step, in which its permission model does not look at
 * links: they would lead out of what may be written. With one it asks for each.
 */
function refuseCopiedLinks(): void {
  const fs = process.getBuiltinModule('node:fs')
  const { cpSync } = fs
  const checked: typeof cpSync = (from, to, options) =>
    cpSync(from, to, { ...options, filter: options?.filter ?? (() => true) })
  Object.assign(fs, { cpSync: checked })
  syncBuiltinESMExports()
}

/** When nobody listens any more, there is nothing left to do. */
async function listen(frames: AsyncGenerator<Frame>, context: ChildContext): Promise<void> {
  try {
    for await (const frame of frames) context.hear(frame)
  } finally {
    process.exit()
  }
}

async function load(path: string): Promise<readonly Tool[]> {
  const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown }
  if (!Array.isArray(module.default)) {
    throw new Error('its default export is no list of tools: write `export default [...]`')
  }
  return toTools([...(module.default as readonly (Tool | ToolDefinition)[])])
}

function describe(tools: readonly Tool[]): Frame {
  const described = tools.map((tool) => {
    const { concurrencyKey, ...data } = tool
    return { data, isKeyed: concurrencyKey !== undefined, canReconcile: canReconcile(tool) }
  })
  return { type: 'described', tools: described }
}

async function carryOut(
  tools: readonly Tool[],
  { task }: Start,
  context: ChildContext,
): Promise<Frame> {
  if (task.kind === 'describe') throw new Error('there is no call')
  const tool = tools.find(({ name }) => name === task.tool)
  const act = tool && (task.kind === 'execute' ? implementationOf(tool) : reconcilerOf(tool))
  if (tool === undefined || act === undefined) throw new Error(`it has no tool \`${task.tool}\``)
  const { inputLibrary, outputLibrary } = schemaLibrariesOf(tool)
  const problem = await problemOf(inputLibrary, task.args)
  if (problem !== undefined) throw new Error(`the arguments do not fit: ${problem}`)
  const value = await settle(act(task.args, context))
  // a long text is cut by the other side, as that of any tool
  const copy = typeof value === 'string' ? { ok: true as const, value } : copyPlain(value, bounds)
  if (!copy.ok) return { type: 'unusable', message: copy.message }
  const misfit = task.kind === 'execute' ? await problemOf(outputLibrary, copy.value) : undefined
  return misfit === undefined
    ? { type: 'returned', value: copy.value }
    : { type: 'unusable', message: misfit }
}

async function settle(output: unknown): Promise<unknown> {
  const generator = output as Partial<AsyncGenerator> | null | undefined
  if (typeof generator?.next !== 'function' || !(Symbol.asyncIterator in generator)) return output
  for (;;) {
    const step = await generator.next()
    if (step.done === true) return step.value
    const copy = copyPlain(step.value, bounds)
    send({
      type: 'progress',
      value: copy.ok ? copy.value : `[unreadable progress: ${copy.message}]`,
    })
  }
}

/** What a schema library has to say that the JSON Schema does not. */
async function problemOf(
  library: StandardSchema | undefined,
  value: JsonValue | JsonObject,
): Promise<string | undefined> {
  if (library === undefined) return undefined
  const outcome = await checkStandard(library, value)
  if (outcome.ok) return undefined
  return `\`${outcome.problem.pointer}\` ${outcome.problem.message}`
}

function thrown(error: unknown): Frame {
  const stack = error instanceof Error ? String(error.stack).slice(0, 8000) : undefined
  const { code, help } = errorDataOf(error)
  return {
    type: 'threw',
    message: messageOf(error).slice(0, 8000),
    ...(stack === undefined ? {} : { stack }),
    ...(code === 'internal' ? {} : { code }),
    ...(help === undefined ? {} : { help }),
  }
}

void main()
