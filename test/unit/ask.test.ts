import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ask, type AskOptions } from '../../src/ask.ts'
import { agentOf, allowing, finish, noting, only, user } from '../support/agent.ts'

const auth = { custom: user }

/** What became of a question: the session of its run and what the model was sent. */
async function asked(options: Partial<AskOptions>, instructions?: string) {
  const { runtime, model } = agentOf(
    [{ text: 'late' }],
    instructions === undefined ? {} : { instructions },
  )
  const { result, recorded } = await finish(
    ask(runtime, { prompt: 'How late is it?', auth, ...options }),
  )
  return {
    result,
    session: only(recorded, 'run-start')[0]?.session,
    messages: model.requests[0]?.messages,
  }
}

describe('S2-04 a question', () => {
  test('is a run of a system message and a prompt', async () => {
    const { result, session, messages } = await asked({ system: 'Be brief.' }, 'You are a clock.')
    expect(result).toMatchObject({ status: 'completed', text: 'late' })
    expect(session).toBeUndefined()
    expect(messages).toEqual([
      { role: 'system', content: 'You are a clock.' },
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'How late is it?' },
    ])
  })

  test('goes on from earlier messages, of which the system message comes first', async () => {
    const earlier = [{ role: 'user', content: 'Hello.' }] as const
    const { messages } = await asked({
      messages: earlier,
      system: 's',
      prompt: [{ type: 'text', text: 't' }],
    })
    expect(messages).toEqual([
      { role: 'system', content: 's' },
      { role: 'user', content: 'Hello.' },
      { role: 'user', content: [{ type: 'text', text: 't' }] },
    ])
  })

  test.each([
    [{ user: 'u1' }, 'u1'],
    [{ group: 'desk' }, 'desk:'],
    [{ user: 'u1', group: 'desk' }, 'desk:u1'],
    [{ user: 'a:b', group: 'c/d é' }, 'c%2Fd%20%C3%A9:a%3Ab'],
    [{}, undefined],
  ])('belongs to the session of user and group: %o', async (who, expected) => {
    expect((await asked(who)).session).toBe(expected)
  })

  test('takes what a run takes, output included', async () => {
    const { tool, calls } = noting('look')
    const turns = [{ calls: [{ tool: 'look' }] }, { text: '{"late":true}' }]
    const { runtime } = agentOf(turns, { tools: [tool], policy: allowing('look') })
    const output = { schema: { type: 'object', properties: { late: { type: 'boolean' } } } }
    const result = await ask(runtime, { prompt: 'x', auth, output }).result()
    expect(result.output).toEqual({ late: true })
    expect(calls).toHaveLength(1)
  })

  test.each([
    [{ prompt: 1 }, '`prompt`'],
    [{ system: 1 }, '`system`'],
    [{ user: '' }, '`user`'],
    [{ group: '\uD800' }, '`group`'],
    [{ promt: 'x' }, '`promt`'],
    [{ messages: 5, system: 's' }, '`messages`'],
    [{ messages: null, system: 's' }, '`messages`'],
    [{ messages: [5], system: 's' }, '`messages[1]`'],
  ])('that is malformed is refused: %o', (options, message) => {
    const { runtime } = agentOf([])
    expect(() => ask(runtime, { prompt: 'x', ...options } as never)).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(message) }),
    )
  })
})

/** The session that a question hands to `run`. */
function sessionOf(options: object): string {
  let session = ''
  const run = (given: { readonly session?: string }): never => {
    session = given.session ?? ''
    return undefined as never
  }
  ask({ run } as never, { prompt: 'x', ...options })
  return session
}

test('no two askers share a session', () => {
  const who = fc.record({
    user: fc.option(fc.string({ minLength: 1, unit: fc.constantFrom('a', ':', '%', '/', 'é') }), {
      nil: undefined,
    }),
    group: fc.option(fc.string({ minLength: 1, unit: fc.constantFrom('a', ':', '%', '3') }), {
      nil: undefined,
    }),
  })
  fc.assert(
    fc.property(who, who, (one, other) => {
      const same = one.user === other.user && one.group === other.group
      expect(sessionOf(one) === sessionOf(other)).toBe(same)
    }),
  )
})
