import { expect, test } from 'vitest'
import { AnswerText } from '../../../src/cli/answer-text.ts'
import type { Io } from '../../../src/cli/io.ts'
import type { RunEvent } from '../../../src/protocol/run-event.ts'

function written(events: readonly object[], outIsTerminal = false) {
  const told = { out: '', notes: '' }
  const io = {
    outIsTerminal,
    out: (text: string) => void (told.out += text),
    note: (text: string) => void (told.notes += text),
  } as Partial<Io> as Io
  const text = new AnswerText(io)
  for (const event of events) text.take(event as RunEvent)
  return told
}

const say = (text: string): object => ({ type: 'text-delta', text })

test.each(['retry', 'fallback'])(
  'S3-26 a %s amid an answer is told of where text stands already',
  (type) => {
    expect(written([say('dead'), { type }, say('alive'), { type: 'turn-end' }])).toEqual({
      out: 'dead\nalive\n',
      notes: 'the answer has broken off and begins anew\n',
    })
    expect(written([{ type }, say('alive'), { type: 'turn-end' }])).toEqual({
      out: 'alive\n',
      notes: '',
    })
  },
)

test('turns without text leave no empty lines', () => {
  expect(written([{ type: 'turn-end' }, say('a'), say('b'), { type: 'turn-end' }]).out).toBe('ab\n')
})

test('text for a terminal has its control characters shown', () => {
  expect(written([say('\u001b[2J')], true).out).not.toContain('\u001b')
})
