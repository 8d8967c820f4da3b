import type { Clock } from '../base/clock.ts'
import { messageOf, SallyportError } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import { late, within } from '../base/signal.ts'
import { Hooks } from '../gate/hooks.ts'
import {
  checkGiven,
  isFlag,
  isFunction,
  isNumber,
  type OptionCheck,
} from '../protocol/option-checks.ts'
import { unfailing } from '../tools/log.ts'
import { toTools, type Tool, type ToolLog } from '../tools/tool.ts'
import type { ToolWrapper } from '../tools/wrap.ts'
import type { Plugin, PluginContext, PluginParts } from './plugin.ts'
import { PluginFaults } from './plugin-faults.ts'
import type { ModelWrapper } from './plugin-model.ts'
import { Observers } from './plugin-observers.ts'

const setupMs = 30_000
const disposeMs = 5_000
const defaultHookMs = 5_000

export interface PluginSurroundings {
  readonly clock: Clock
  readonly log: ToolLog | undefined
  /** The parts that have a place there. Default: all. */
  readonly places?: readonly (keyof PluginParts)[]
}

interface Working {
  readonly plugin: Plugin
  readonly parts: PluginParts
}

/**
 * Sets plugins up, one after the other. Rejects with `bad-plugin` at the first that cannot be, when
 * those before it have been disposed of.
 */
export async function setUpPlugins(
  plugins: readonly Plugin[],
  { clock, log, places }: PluginSurroundings,
): Promise<Plugins> {
  const faults = new PluginFaults(log)
  const context: PluginContext = Object.freeze({
    clock,
    log: unfailing(log),
    faults: () => faults.counts(),
  })
  const working: Working[] = []
  for (const plugin of plugins) {
    try {
      working.push({ plugin, parts: await setUp(plugin, context, places) })
    } catch (error) {
      await disposeAll(working, faults)
      throw error
    }
  }
  return new Plugins(working, faults)
}

/** The plugins of a runtime at work. */
export class Plugins {
  readonly #working: readonly Working[]
  readonly #faults: PluginFaults
  /** Undefined where nobody observes; the same for what follows. */
  readonly observers: Observers | undefined
  readonly hooks: Hooks | undefined
  readonly modelWrappers: readonly ModelWrapper[] | undefined
  readonly toolWrappers: readonly ToolWrapper[] | undefined
  #disposed: Promise<void> | undefined

  constructor(working: readonly Working[], faults: PluginFaults) {
    this.#working = working
    this.#faults = faults
    this.observers = observersOf(working, faults)
    this.hooks = hooksOf(working, faults)
    this.modelWrappers = given(working, 'wrapModel')
    this.toolWrappers = given(working, 'wrapTool')
  }

  /** Rejects with `bad-plugin`, and with `bad-tool` or `bad-schema` for tools that are none. */
  async tools(tools: readonly Tool[]): Promise<readonly Tool[]> {
    let listed = tools
    for (const { plugin } of this.#working) {
      if (plugin.tools === undefined) continue
      const before = listed
      listed = toTools(await inTime(plugin, 'tell its tools', () => plugin.tools!(before)))
    }
    return listed
  }

  faults(): Readonly<Record<string, number>> {
    return this.#faults.counts()
  }

  /** In the reverse order; resolves also where some fail. */
  dispose(): Promise<void> {
    this.#disposed ??= disposeAll(this.#working, this.#faults)
    return this.#disposed
  }
}

async function setUp(
  plugin: Plugin,
  context: PluginContext,
  places: PluginSurroundings['places'],
): Promise<PluginParts> {
  const parts: unknown = await inTime(plugin, 'be set up', () => plugin.setup(context))
  try {
    return readParts(plugin.name, parts, places)
  } catch (error) {
    // it has been set up, though to no use
    await disposeAll([{ plugin, parts: {} }], new PluginFaults(() => undefined))
    throw error
  }
}

async function inTime<Value>(
  plugin: Plugin,
  what: string,
  work: () => Value | Promise<Value>,
): Promise<Value> {
  try {
    const value = await within(setupMs, async () => work())
    if (value !== late) return value
  } catch (error) {
    const message = `plugin \`${plugin.name}\` cannot ${what}: ${messageOf(error)}`
    throw new SallyportError('bad-plugin', message, {
      cause: error,
      help: 'correct what the message says, or leave the plugin out',
    })
  }
  const message = `plugin \`${plugin.name}\` took over ${setupMs} ms to ${what}`
  throw new SallyportError('bad-plugin', message, {
    help: 'do what takes long when it is needed first',
  })
}

async function disposeAll(working: readonly Working[], faults: PluginFaults): Promise<void> {
  for (const { plugin } of working.toReversed()) {
    try {
      const end = await within(disposeMs, async () => plugin.dispose?.())
      if (end === late) faults.note(plugin.name, `it was not disposed of in ${disposeMs} ms`)
    } catch (error) {
      faults.note(plugin.name, 'it cannot be disposed of', error)
    }
  }
}

const partChecks: Readonly<Record<keyof PluginParts, OptionCheck>> = {
  onEvent: isFunction,
  deltas: isFlag,
  wrapModel: isFunction,
  wrapTool: isFunction,
  gateHook: isFunction,
  hookTimeoutMs: isNumber({ min: 1, max: 600_000 }),
}

/** Read once: what a plugin does to its parts later changes nothing. */
function readParts(
  name: string,
  parts: unknown,
  places: readonly string[] = Object.keys(partChecks),
): PluginParts {
  if (parts === undefined) return {}
  try {
    checkOptions(`what plugin \`${name}\` sets up`, parts as object, places)
    checkGiven(parts as object, partChecks, `${name}.`)
  } catch (error) {
    const { help, message } = error as SallyportError
    throw new SallyportError('bad-plugin', message, { help })
  }
  const { deltas, hookTimeoutMs, ...functions } = parts as PluginParts
  const bound = Object.entries(functions).map(([key, part]) => [key, part.bind(parts)])
  return { ...Object.fromEntries(bound), deltas, hookTimeoutMs }
}

/** The parts of one kind, in order; undefined where there are none. */
function given<Name extends keyof PluginParts>(
  working: readonly Working[],
  name: Name,
): readonly NonNullable<PluginParts[Name]>[] | undefined {
  const parts = working.flatMap((each) => each.parts[name] ?? [])
  return parts.length === 0 ? undefined : parts
}

function observersOf(working: readonly Working[], faults: PluginFaults): Observers | undefined {
  const observers = working.flatMap(({ plugin: { name }, parts }) =>
    parts.onEvent === undefined
      ? []
      : [{ name, deltas: parts.deltas ?? true, onEvent: parts.onEvent }],
  )
  return observers.length === 0 ? undefined : new Observers(observers, faults)
}

function hooksOf(working: readonly Working[], faults: PluginFaults): Hooks | undefined {
  const hooks = working.flatMap(({ plugin: { name }, parts }) => {
    const { gateHook, hookTimeoutMs: timeoutMs = defaultHookMs } = parts
    return gateHook === undefined ? [] : [{ name, decide: gateHook, timeoutMs }]
  })
  const complain = (name: string, what: string, error: unknown): void =>
    faults.note(name, what, error)
  return hooks.length === 0 ? undefined : new Hooks(hooks, complain)
}
