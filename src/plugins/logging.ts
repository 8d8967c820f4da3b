import { checkOptions } from '../base/options.ts'
import { shorten } from '../base/text.ts'
import { checkGiven, hasMethods, isFlag, isText } from '../protocol/option-checks.ts'
import type { RunEvent, StructuralEvent } from '../protocol/run-event.ts'
import type { Plugin } from '../run/plugin.ts'

type Write = (data: object, message: string) => unknown

/** What pino, and much like it, can do. */
export interface Logger {
  readonly debug: Write
  readonly info: Write
  readonly warn: Write
  readonly error: Write
}

export interface LoggingOptions {
  /**
   * Whether lines hold the whole event: what was said, arguments and results too, of which only
   * sensitive arguments are redacted. Default false: names, ids, numbers, rules and statuses.
   */
  readonly content?: boolean
  /** Default `logging`. */
  readonly name?: string
}

type Level = keyof Logger

interface Line {
  readonly level: Level
  readonly message: string
  readonly data: object
}

/**
 * Writes a line for each event of each run: `error` for what failed, `warn` for what was refused or
 * asked, `info` for beginning and end of runs and calls, `debug` for the rest. Whatever a model, a
 * tool or a caller has named is cut and cannot move a cursor. Throws `bad-option`.
 *
 * @example
 * ```ts
 * const runtime = createRuntime({ model, plugins: [logging(console)] })
 * ```
 */
export function logging(logger: Logger, options: LoggingOptions = {}): Plugin {
  hasMethods(
    'a logger',
    ['debug', 'info', 'warn', 'error'],
    'pass one like that of pino',
  )('logger', logger)
  checkOptions('logging', options, ['content', 'name'])
  checkGiven(options, { content: isFlag, name: isText })
  const { content = false, name = 'logging' } = options
  return {
    name,
    setup: () => ({
      deltas: false,
      onEvent(event) {
        if (isDelta(event)) return undefined
        const { level, message, data } = lineOf(event)
        const { runId, turn, type } = event
        const about = { event: type, runId, turn, ...data }
        return logger[level](content ? { ...about, content: event } : about, message)
      },
    }),
  }
}

function isDelta(event: RunEvent): event is Exclude<RunEvent, StructuralEvent> {
  return event.type === 'text-delta' || event.type === 'reasoning-delta'
}

function line(level: Level, message: string, data: object = {}): Line {
  return { level, message, data }
}

/** A name that came from outside. */
function named(text: string): string {
  return `\`${shorten(text, 128)}\``
}

/** What a caller chose, long enough to be looked for. */
function cut<Text extends string | null | undefined>(text: Text): Text | string {
  return typeof text === 'string' ? shorten(text, 1000) : text
}

function lineOf(event: StructuralEvent): Line {
  switch (event.type) {
    case 'run-start': {
      const { model, policy, principal, session } = event
      const subject = principal?.subject ?? null
      const who = subject === null ? 'nobody who is known' : named(subject)
      const data = {
        model: model.id,
        policy: policy.digest,
        session: cut(session),
        subject: cut(subject),
      }
      return line('info', `run for ${who}`, data)
    }
    case 'tool-call':
      return line('debug', `call of ${named(event.tool)}`, callData(event))
    case 'decision': {
      const { callId, decision } = event
      const { effect, rule } = decision
      const level = effect === 'allow' ? 'debug' : 'warn'
      return line(level, `${effect} by ${named(rule)}`, { callId, effect, rule })
    }
    case 'approval-request':
      return line('warn', `somebody is asked about ${named(event.tool)}`, {
        ...callData(event),
        approvalId: event.approvalId,
      })
    case 'approval-decision': {
      const { action, approvalId, by, callId } = event
      const data = { action, approvalId, by: cut(by?.subject ?? null), callId }
      return line('info', `answer: ${action}`, data)
    }
    case 'execution-start':
      return line('debug', `${named(event.tool)} is run`, callData(event))
    case 'execution-progress':
      return line('debug', 'progress', { callId: event.callId })
    case 'tool-result': {
      const { attempts, error, executionMs, status, tool } = event
      const data = { ...callData(event), attempts, code: error?.code, executionMs, status }
      return line(status === 'success' ? 'info' : 'warn', `${named(tool)}: ${status}`, data)
    }
    case 'retry':
      return line('warn', `the model is asked again: ${event.error.code}`, {
        code: event.error.code,
        delayMs: event.delayMs,
      })
    case 'fallback': {
      const { error, from, to } = event
      return line('warn', `${named(to)} takes over from ${named(from)}`, {
        code: error.code,
        from,
        to,
      })
    }
    case 'usage':
      return line('debug', 'the model has answered', { usage: totals(event), cost: event.cost })
    case 'limit':
      return line('warn', `limit ${named(event.limit)}`, { limit: event.limit, max: event.max })
    case 'turn-end': {
      const { durationMs, finishReason, model } = event
      return line('debug', 'turn ended', {
        durationMs,
        finish: finishReason.unified,
        model: cut(model),
      })
    }
    case 'error':
      return line('error', shorten(event.message, 1000), { code: event.code })
    case 'end': {
      const level = event.status === 'error' || event.status === 'timeout' ? 'error' : 'info'
      return line(level, `run ended: ${event.status}`, { head: event.head, status: event.status })
    }
    case 'turn-start':
      return line('debug', 'turn')
  }
}

function callData({ callId, tool }: { readonly callId: string; readonly tool: string }): object {
  return { callId, tool: shorten(tool, 128) }
}

function totals({ usage }: Extract<StructuralEvent, { type: 'usage' }>): object {
  const { inputTokens, outputTokens } = usage
  return { inputTokens, outputTokens }
}
