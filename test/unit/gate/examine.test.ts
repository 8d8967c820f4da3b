import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { digestJson, sha256 } from '../../../src/base/digest.ts'
import type { JsonBounds } from '../../../src/base/json.ts'
import { examineEdited, examineSafely, hidesArguments } from '../../../src/gate/examine.ts'
import type { ExaminedCall } from '../../../src/gate/verdict.ts'
import type { ToolCall } from '../../../src/protocol/call.ts'
import { createRegistry, type ToolRegistry } from '../../../src/tools/registry.ts'
import type { Tool } from '../../../src/tools/tool.ts'
import { toolOf } from '../../support/agent.ts'

const input = {
  type: 'object',
  properties: { to: { type: 'string' }, pin: { type: 'string' }, cc: { default: 'nobody' } },
  additionalProperties: false,
}
const mail = toolOf('mail.send', { input, sensitive: ['/pin'] })
const read = toolOf('read')

function callOf(rawArgs: string, fields: Partial<ToolCall> = {}): ToolCall {
  return { callId: 'c', providerId: '', turn: 1, index: 0, tool: 'mail.send', rawArgs, ...fields }
}

async function examined(
  call: ToolCall,
  tools: readonly Tool[] = [mail, read],
  bounds?: JsonBounds,
): Promise<ExaminedCall> {
  return examineSafely(call, await createRegistry(tools), bounds)
}

describe('a sound call', () => {
  test('has its tool, and frozen arguments with declared defaults', async () => {
    const call = callOf('{"to":"ann"}')
    const args = { to: 'ann', cc: 'nobody' }
    const found = await examined(call)
    expect(found).toStrictEqual({
      call,
      tool: mail,
      args,
      argsDigest: digestJson(args),
      defect: undefined,
    })
    expect(Object.isFrozen(found.args)).toBe(true)
  })

  test('of a tool of another view is found there', async () => {
    const view = await createRegistry([toolOf('other')])
    const found = await examineSafely(callOf('{}', { tool: 'other' }), view, undefined)
    expect(found).toMatchObject({ tool: { name: 'other' }, args: {} })
  })
})

const stepOf = async (status: 'truncated' | 'error-parsing', tool: string) => {
  const call = callOf('{}', { tool, defect: { status, message: 'm' } })
  return (await examined(call)).defect!.step
}

describe('a call that was cut or malformed before', () => {
  test.each<[NonNullable<ToolCall['defect']>['status'], string, string]>([
    ['truncated', 'truncated', 'truncated'],
    ['error-parsing', 'bad_json', 'bad-json'],
  ])('is refused as %s, and shown', async (status, step, code) => {
    const call = callOf('{"to":1}', { defect: { status, message: 'the turn was cut' } })
    expect(await examined(call)).toStrictEqual({
      call,
      tool: mail,
      args: { to: 1 },
      argsDigest: digestJson({ to: 1 }),
      defect: { status, step, error: { code, message: 'the turn was cut', retryable: false } },
    })
  })

  test('is cut first, then unknown, then malformed', async () => {
    expect(await stepOf('truncated', 'nothing')).toBe('truncated')
    expect(await stepOf('error-parsing', 'nothing')).toBe('unknown_tool')
    expect(await stepOf('error-parsing', 'read')).toBe('bad_json')
  })

  test('shows nothing that does not parse, and has the digest of its text', async () => {
    const raw = '{"to":"\ud800'
    const call = callOf(raw, { defect: { status: 'truncated', message: 'm' } })
    expect(await examined(call)).toMatchObject({ args: null, argsDigest: sha256('{"to":"\ufffd') })
  })
})

describe('a call of a tool that does not exist', () => {
  test('names the tools there are', async () => {
    const call = callOf('{"a":1}', { tool: 'nothing at all' })
    expect(await examined(call)).toStrictEqual({
      call,
      tool: undefined,
      args: { a: 1 },
      argsDigest: digestJson({ a: 1 }),
      defect: {
        status: 'error-not-found',
        step: 'unknown_tool',
        error: {
          code: 'unknown-tool',
          message: 'there is no tool `nothing at all`',
          help: 'the tools are `mail.send`, `read`',
          retryable: false,
        },
      },
    })
  })

  test('says of a long name how it begins', async () => {
    const { defect } = await examined(callOf('{}', { tool: 'x'.repeat(130) }))
    expect(defect!.error.message).toBe(
      `there is no tool \`${'x'.repeat(128)}… (2 more characters)\``,
    )
  })

  test.each<[string, boolean]>([
    ['mail.send', true],
    ['Mail.Send', true],
    [' MAIL.SEND\n', true],
    ['mail.sned', true],
    ['mial.sned', true],
    ['mail_send', true],
    ['read', false],
    ['reda', false],
    ['Read', false],
    ['mail.sent', false],
    ['something.else', false],
    ['', false],
  ])('named %j hides its arguments: %s', async (tool, isHidden) => {
    const registry = await createRegistry([mail, read, toolOf('mail.sent')])
    expect(hidesArguments(tool, registry)).toBe(isHidden)
    if (registry.get(tool) !== undefined) return
    const found = await examined(callOf('{"pin":"1"}', { tool }))
    expect('sensitive' in found ? found.sensitive : undefined).toEqual(isHidden ? [''] : undefined)
  })

  test('may be named like one that has capitals', async () => {
    const shout = toolOf('MAIL', { sensitive: ['/pin'] })
    const registry = await createRegistry([shout])
    expect(hidesArguments('mail', registry)).toBe(true)
  })

  test('may be so long that no other name is near to it', async () => {
    const long = toolOf('Mail'.repeat(20), { sensitive: ['/pin'] })
    const registry = await createRegistry([long])
    expect(hidesArguments(` ${'mAIL'.repeat(20)}\n`, registry)).toBe(true)
    expect(hidesArguments('mail'.repeat(19), registry)).toBe(false)
  })
})

describe('a call with wrong arguments', () => {
  test('that are no JSON is refused with what is wrong and nothing of them', async () => {
    const call = callOf('{"pin":', { tool: 'read' })
    expect(await examined(call)).toStrictEqual({
      call,
      tool: read,
      args: null,
      argsDigest: sha256('{"pin":'),
      defect: {
        status: 'error-parsing',
        step: 'bad_json',
        error: {
          code: 'bad-json',
          message: expect.stringContaining('the arguments are not acceptable: ') as string,
          details: { problem: expect.any(String) as string },
          retryable: false,
        },
      },
    })
  })

  test('that do not fit the schema is refused, with its sensitive and unknown members hidden', async () => {
    const call = callOf('{"to":1,"pin":"p1234","p/n":"x","~":"y"}')
    const found = await examined(call)
    expect(found).toMatchObject({
      tool: mail,
      args: { to: 1, pin: 'p1234' },
      argsDigest: digestJson({ to: 1, pin: 'p1234', 'p/n': 'x', '~': 'y' }),
      defect: {
        status: 'error-validation',
        step: 'bad_args',
        error: { code: 'bad-args', details: expect.any(Object) as object },
      },
      sensitive: ['/pin', '/p~1n', '/~0'],
    })
    expect(Object.isFrozen(found.args)).toBe(true)
  })

  test('hides nothing where the tool hides nothing', async () => {
    const plain = toolOf('mail.send', { input })
    const found = await examined(callOf('{"to":1,"strange":2}'), [plain])
    expect(found.defect!.step).toBe('bad_args')
    expect(Object.keys(found)).not.toContain('sensitive')
  })

  test.each([
    [16, 17],
    [17, 2],
  ])('with %d unknown members hides %d places', async (members, places) => {
    const args = Object.fromEntries(Array.from({ length: members }, (_, at) => [`m${at}`, 1]))
    const { sensitive } = await examined(callOf(JSON.stringify({ ...args, to: 'ann' })))
    expect(sensitive).toHaveLength(places)
    expect(sensitive!.includes('')).toBe(members > 16)
  })

  test.each<[string, string]>([
    ['a list', '["p1234"]'],
    ['a text', '"p1234"'],
    ['null', 'null'],
  ])('that are %s hides what the tool calls sensitive', async (_, rawArgs) => {
    const found = await examined(callOf(rawArgs))
    expect(found).toMatchObject({ defect: { step: 'bad_args' }, sensitive: ['/pin'] })
  })

  test('does not repeat a sensitive value in its message or its details', async () => {
    const schema = z
      .object({ to: z.string(), pin: z.string() })
      .superRefine(({ pin }, { addIssue }) =>
        addIssue({ code: 'custom', path: ['to'], message: `is not the owner of ${pin}` }),
      )
    const picky = toolOf('mail.send', { input: schema as never, sensitive: ['/pin'] })
    const { defect } = await examined(callOf('{"to":"ann","pin":"p1234"}'), [picky])
    const message = 'is not the owner of [redacted]'
    expect(defect!.error).toEqual({
      code: 'bad-args',
      message: `the argument \`/to\` ${message}`,
      details: { pointer: '/to', message },
      retryable: false,
    })
  })

  test('are told later by a library that takes its time', async () => {
    const library = z.object({ to: z.string() }).refine(async ({ to }) => to !== 'eve')
    const slow = toolOf('mail.send', { input: library as never })
    const registry = await createRegistry([slow])
    const found = (rawArgs: string) => examineSafely(callOf(rawArgs), registry, undefined)
    expect(found('{"to":"ann"}')).toBeInstanceOf(Promise)
    expect(await found('{"to":"ann"}')).toMatchObject({ args: { to: 'ann' }, defect: undefined })
    expect(await found('{"to":"eve"}')).toMatchObject({ defect: { step: 'bad_args' } })
  })

  test('over the bounds of the host is refused', async () => {
    const bounds = { maxLength: 20, maxDepth: 2 }
    const long = callOf('{"to":"ann and many more"}')
    expect((await examined(long, undefined, bounds)).defect!.step).toBe('bad_json')
    expect((await examined(long)).defect).toBeUndefined()
    expect(await examined(callOf('{"to":[[[1]]]}'), undefined, bounds)).toMatchObject({
      args: null,
      defect: { step: 'bad_json' },
    })
  })
})

const failing = (message: string): ToolRegistry =>
  ({
    names: [],
    get: () => {
      throw new Error(message)
    },
  }) as unknown as ToolRegistry

describe('an examination that fails', () => {
  test('refuses the call, and shows nothing of it', () => {
    const call = callOf('{"to":"\ud800"}')
    expect(examineSafely(call, failing('out of order'), undefined)).toEqual({
      call,
      tool: undefined,
      args: null,
      argsDigest: sha256('{"to":"\ufffd"}'),
      defect: {
        status: 'error-security',
        step: 'gate_error',
        error: { code: 'internal', message: 'the gate failed: out of order', retryable: false },
      },
    })
  })
})

describe('edited arguments', () => {
  test('are examined like those of the model, for the same tool', async () => {
    const before = await examined(callOf('{"to":"ann"}'))
    const after = await examineEdited(before, { to: 'bob' }, undefined)
    const args = { to: 'bob', cc: 'nobody' }
    expect(after).toEqual({
      call: { ...before.call, rawArgs: '{"to":"bob"}' },
      tool: mail,
      args,
      argsDigest: digestJson(args),
      defect: undefined,
    })
    expect(await examineEdited(before, { to: 1 }, undefined)).toMatchObject({
      defect: { step: 'bad_args' },
    })
    expect(await examineEdited(before, { to: 'ann' }, { maxLength: 5, maxDepth: 5 })).toMatchObject(
      { defect: { step: 'bad_json' } },
    )
  })
})
