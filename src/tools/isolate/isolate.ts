import { SallyportError } from '../../base/errors.ts'
import { isObject, type JsonObject } from '../../base/json.ts'
import { shorten } from '../../base/text.ts'
import { defineTool, toTools, type Reconciliation, type Tool, type ToolContext } from '../tool.ts'
import { carryOut } from './call.ts'
import { textOf, type Frame } from './frames.ts'
import { readIsolation, type Isolation, type IsolateOptions } from './options.ts'
import { isFrameProblem, IsolatedProcess } from './process.ts'
import { launchOf, unavailable, type IsolationFacts } from './walls.ts'

const isolated = new WeakMap<Tool, IsolationFacts>()

/**
 * The tools of a module, each call of which runs in a process of its own: with nothing of this
 * process, no files but those named, no network, no other processes, bounded memory and time. The
 * module is never loaded here; a first process tells what its tools are. Its default export is a
 * list of tools or definitions. For the gate, the journal and the report they are tools like others.
 *
 * Differences: `deps` are what the option makes of them; `context.open` gives whole files to read
 * and write (`readFile`, `writeFile`, `appendFile`, `stat`, `close`; at most 16 MiB);
 * `concurrencyKey` is not possible; what a tool leaves running ends with its call. A call costs the
 * start of a process.
 *
 * Throws `bad-option`, `bad-tool` for a module without usable tools, and `isolation-unavailable`
 * where this machine cannot hold what is demanded: `walls: 'system'` needs Linux whose users may
 * make namespaces, `walls: 'node'` with `network: false` a Node that knows `--allow-net`.
 *
 * @example
 * ```ts
 * const tools = await isolate(new URL('./convert.ts', import.meta.url), { read: ['/srv/inbox'] })
 * const runtime = createRuntime({ model, policy, tools })
 * ```
 */
export async function isolate(
  module: string | URL,
  options: IsolateOptions = {},
): Promise<readonly Tool[]> {
  const isolation = readIsolation(module, options)
  const { facts } = launchOf(isolation, isolation.startTimeoutMs)
  const tools = toTools(readDescriptions(isolation, await describe(isolation)))
  for (const tool of tools) isolated.set(tool, facts)
  return tools
}

/**
 * What keeps a tool inside, and by what; undefined for a tool that is not isolated.
 *
 * @example
 * ```ts
 * const [tool] = await isolate(new URL('./convert.ts', import.meta.url))
 * console.log(isolationOf(tool!))
 * ```
 */
export function isolationOf(tool: Tool): IsolationFacts | undefined {
  return isolated.get(tool)
}

/** Asks a first process what the tools are. */
async function describe(isolation: Isolation): Promise<unknown> {
  const { module, environment, startTimeoutMs } = isolation
  const process = new IsolatedProcess(launchOf(isolation, startTimeoutMs), isolation)
  const timer = setTimeout(() => process.kill(), startTimeoutMs)
  let isReady = false
  try {
    void process.send({ type: 'start', module, environment, task: { kind: 'describe' } })
    for await (const frame of process.frames()) {
      if (frame.type === 'ready') isReady = true
      if (frame.type === 'described') return frame['tools']
      if (frame.type === 'threw') throw unusable(module, messageOf(frame), helpOf(frame))
    }
    throw ended(module, isReady, await process.lastWords())
  } catch (error) {
    throw isFrameProblem(error) ? unusable(module, error.message) : error
  } finally {
    clearTimeout(timer)
    await process.close()
  }
}

function ended(module: string, isReady: boolean, how: string): SallyportError {
  return isReady
    ? unusable(module, how)
    : unavailable(
        `an isolated process cannot be started here: ${how}`,
        'this machine has to let its users make namespaces (`unshare --user --map-root-user --net true`); see what `walls: "node"` does not hold',
      )
}

function messageOf({ message }: Frame): string {
  return shorten(textOf(message), 400)
}

function helpOf({ help }: Frame): string | undefined {
  return typeof help === 'string' ? shorten(help, 400) : undefined
}

const codeHelp = 'name the files it imports in `read`; its packages are found by themselves'

function unusable(module: string, message: string, help = codeHelp): SallyportError {
  return new SallyportError(
    'bad-tool',
    `the module \`${shorten(module, 200)}\` cannot be isolated: ${message}`,
    { help },
  )
}

function readDescriptions(isolation: Isolation, given: unknown): readonly Tool[] {
  const list = Array.isArray(given) ? given : []
  return list.map((described: unknown) => {
    const { data, isKeyed, canReconcile } = isObject(described) ? described : {}
    if (!isObject(data)) throw unusable(isolation.module, 'it describes what is no tool')
    if (isKeyed === true) {
      throw unusable(
        isolation.module,
        `\`${shorten(textOf(data['name']), 128)}\` has a \`concurrencyKey\`, which cannot be asked in another process`,
        'leave it out, or let `limits` of the policy bound its calls',
      )
    }
    return remoteTool(isolation, data, canReconcile === true)
  })
}

/** The tool on this side; what it says about itself is checked as in any definition. */
function remoteTool(isolation: Isolation, data: object, canReconcile: boolean): Tool {
  const tool = textOf((data as { readonly name?: unknown }).name)
  const carrying =
    (kind: 'execute' | 'reconcile'): Carrying =>
    (args, context) =>
      carryOut(isolation, { kind, tool, timeMs: made.timeoutMs }, args, context)
  const definition = {
    ...data,
    execute: carrying('execute'),
    ...(canReconcile ? { reconcile: reconciler(carrying('reconcile')) } : {}),
  }
  const made = defineTool(definition as unknown as Parameters<typeof defineTool>[0])
  return made
}

type Carrying = (args: JsonObject, context: ToolContext) => ReturnType<typeof carryOut>

function reconciler(
  carry: Carrying,
): (args: JsonObject, context: ToolContext) => Promise<Reconciliation> {
  return async (args, context) => {
    const frames = carry(args, context)
    for (;;) {
      const step = await frames.next()
      if (step.done === true) return step.value as Reconciliation
    }
  }
}
