import { describe, expect, test } from 'vitest'
import type { Model } from '../../../src/protocol/model.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { logging, type Logger, type LoggingOptions } from '../../../src/plugins/logging.ts'
import type { Plugin } from '../../../src/run/plugin.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, allowing, toolOf } from '../../support/agent.ts'

type Level = keyof Logger
type Line = readonly [Level, Record<string, unknown>, string]

/** What is logged of a run; `act` is allowed, `fail` throws, `other` is denied. */
async function linesOf(
  turns: readonly ScriptedTurn[],
  options?: LoggingOptions,
  session = 's1',
  given: Pick<RuntimeOptions, 'model'> | undefined = undefined,
): Promise<readonly Line[]> {
  const lines: Line[] = []
  const at =
    (level: Level) =>
    (data: object, message: string): void =>
      void lines.push([level, data as Record<string, unknown>, message])
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const plugins: Plugin[] = [logging(logger, options)]
  const fail = toolOf('fail', {
    execute() {
      throw new Error('secret of the tool')
    },
  })
  const tools = [toolOf('act', { sensitive: ['/card'] }), fail, toolOf('other')]
  const policy = allowing('act', 'fail')
  await agentOf(turns, { ...given, plugins, policy, tools })
    .start({ input: 'my question', session })
    .result()
  return lines
}

const turns: readonly ScriptedTurn[] = [
  { text: 'I think', calls: [{ tool: 'act', args: { a: 'my argument', card: 'card 4111' } }] },
  { calls: [{ tool: 'fail' }, { tool: 'other' }] },
  { text: 'ok' },
]

describe('the logging plugin', () => {
  test('S2-60: writes a line for each event, the more urgent the worse it is', async () => {
    const lines = await linesOf(turns)
    const shown = lines
      .filter(([level]) => level !== 'debug')
      .map(([level, , message]) => `${level}: ${message}`)
    expect(shown).toEqual(
      [
        'info: run for `user-1`',
        'info: `act`: success',
        'warn: deny by `default`',
        'warn: `fail`: error-execution',
        'warn: `other`: error-security',
        'info: run ended: completed',
      ].toSorted((a, b) => shown.indexOf(a) - shown.indexOf(b)),
    )
    expect(lines[0]![1]).toMatchObject({ event: 'run-start', turn: 0, subject: 'user-1' })
    const denied = lines.find(([, , message]) => message === 'deny by `default`')!
    expect(denied[1]).toMatchObject({ effect: 'deny', rule: 'default' })
  })

  test('writes nothing of what was said, given or returned', async () => {
    const text = JSON.stringify(await linesOf(turns))
    for (const content of ['my question', 'I think', 'my argument', 'card 4111', 'secret of']) {
      expect(text).not.toContain(content)
    }
  })

  test('writes it where that is wanted, but for sensitive arguments', async () => {
    const text = JSON.stringify(await linesOf(turns, { content: true }))
    expect(text).toContain('my question')
    expect(text).toContain('my argument')
    expect(text).not.toContain('card 4111')
  })

  test('lets no name move the cursor or fill the log', async () => {
    const tool = `\u001B[2J${'x'.repeat(5000)}`
    const lines = await linesOf([{ calls: [{ tool }] }, { text: 'ok' }])
    for (const [, data, message] of lines) {
      expect(message).not.toContain('\u001B')
      expect(JSON.stringify([data, message]).length).toBeLessThan(2000)
    }
  })

  test('lets no name of a session move the cursor or fill the log', async () => {
    const lines = await linesOf([{ text: 'ok' }], {}, `\u009B2J${'x'.repeat(1_000_000)}`)
    expect(lines[0]![1]['session']).toMatch(/^\\u\{9b\}2Jx{997}… \(\d+ more characters\)$/)
    expect(JSON.stringify(lines).length).toBeLessThan(5000)
  })

  test('lets no name of a model move the cursor or fill the log', async () => {
    const name = `\u001b[2J${'m'.repeat(5_000)}`
    const model: Model = {
      id: 'm',
      provider: 'p',
      async *stream() {
        yield { type: 'end', finishReason: { unified: 'stop', raw: null }, model: name }
      },
    }
    const lines = await linesOf([], {}, 's', { model })
    const text = JSON.stringify(lines)
    expect(text).toContain('\\\\u{1b}[2J')
    expect(text).not.toContain('\\u001b')
    expect(text.length).toBeLessThan(5_000)
  })

  test('says how a run failed', async () => {
    const lines = await linesOf([{ error: { message: 'overloaded' } }])
    const levels = lines.filter(([level]) => level === 'error').map(([, data]) => data['event'])
    expect(levels).toEqual(['error', 'end'])
  })

  test.each([undefined, {}, { info: () => 1 }])('takes no %o for a logger', (logger) => {
    expect(() => logging(logger as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})
