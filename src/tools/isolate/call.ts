import type { JsonObject, JsonValue } from '../../base/json.ts'
import { copyPlain } from '../../base/plain.ts'
import { after, stopReason, unheeded } from '../../base/signal.ts'
import { shorten } from '../../base/text.ts'
import type { ToolContext } from '../tool.ts'
import { Desk } from './desk.ts'
import { textOf, type Frame } from './frames.ts'
import type { Isolation } from './options.ts'
import { isFrameProblem, IsolatedProcess } from './process.ts'
import type { CallTask } from './task.ts'
import { launchOf } from './walls.ts'

/** Most that a tool inside may write into the log of its host, in lines. */
const mostLogLines = 1000

/** Of what the host passes on to a tool. */
const depsBounds = { maxLength: 16 * 1024 * 1024, maxDepth: 64 }

/**
 * One call of an isolated tool, which has so much time, in a process of its own: yields its
 * progress, returns its result, throws what it threw and how the process ended otherwise. When it
 * settles, the process is gone.
 */
export async function* carryOut(
  isolation: Isolation,
  { kind, timeMs, tool }: Pick<CallTask, 'kind' | 'tool'> & { readonly timeMs: number },
  args: JsonObject,
  context: ToolContext,
): AsyncGenerator<unknown, unknown> {
  const process = new IsolatedProcess(launchOf(isolation, timeMs), isolation)
  const desk = new Desk(context, (frame) => process.send(frame))
  let release: (() => void) | undefined
  try {
    const { module, environment } = isolation
    const task: CallTask = { kind, tool, args, context: factsOf(isolation, context) }
    void process.send({ type: 'start', module, environment, task })
    release = onStop(context.signal, isolation.graceMs, process)
    let lines = 0
    for await (const frame of process.frames()) {
      switch (frame.type) {
        case 'ready':
          break
        case 'progress':
          yield frame['value']
          break
        case 'log':
          if (++lines <= mostLogLines) context.log(textOf(frame['message']), dataOf(frame))
          break
        case 'ask':
          void desk.answer(frame)
          break
        case 'leave':
          desk.leave(frame)
          break
        case 'returned':
          return frame['value']
        case 'unusable':
          return unusable(textOf(frame['message']))
        case 'threw':
          throw thrown(frame)
        default:
          throw new Error(`the tool said \`${shorten(frame.type, 40)}\`, which means nothing here`)
      }
    }
    throw new Error(`the process of the tool ended without a result: ${await process.lastWords()}`)
  } catch (error) {
    throw isFrameProblem(error)
      ? new Error(`the process of the tool was killed: ${error.message}`)
      : error
  } finally {
    release?.()
    await process.close()
    await desk.close()
    tellLog(process, context)
  }
}

function factsOf({ deps }: Isolation, context: ToolContext): CallTask['context'] {
  const { principal, runId, callId, turn, attempt, idempotencyKey, deadline } = context
  const given: unknown = deps(context.deps)
  unheeded(given)
  const copy = copyPlain(given, depsBounds)
  if (!copy.ok) throw new Error(`\`deps\` of \`isolate\` cannot be passed on: ${copy.message}`)
  return { principal, runId, callId, turn, attempt, idempotencyKey, deadline, deps: copy.value }
}

/** Tells the tool that it is stopped, and kills it when it has not ended soon after. */
function onStop(signal: AbortSignal, graceMs: number, process: IsolatedProcess): () => void {
  let cancel: (() => void) | undefined
  const stop = (): void => {
    void process.send({ type: 'abort', reason: stopReason(signal) })
    cancel = after(graceMs, () => process.kill())
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return () => {
    cancel?.()
    signal.removeEventListener('abort', stop)
  }
}

/** What could not be made plain inside is not plain here either, for the same reason. */
function unusable(message: string): object {
  return {
    toJSON() {
      throw new Error(message)
    },
  }
}

function thrown({ message, stack }: Frame): Error {
  const error = new Error(textOf(message))
  if (typeof stack === 'string') error.stack = stack
  return error
}

function dataOf({ data }: Frame): JsonValue | undefined {
  return data === undefined || data === null ? undefined : (data as JsonValue)
}

function tellLog(process: IsolatedProcess, context: ToolContext): void {
  const { text, dropped } = process.log
  if (text === '' && dropped === 0) return
  context.log('the tool wrote to its standard output or errors', { text, dropped })
}
