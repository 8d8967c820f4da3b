import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import { ChatDecoder } from '../../../src/wire/chat/decode.ts'
import { DeltaCutter } from '../../../src/wire/chat/cutter.ts'
import { defaultBounds } from '../../../src/wire/settings.ts'

function chunkOf(content: string, more: object = {}): string {
  return JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content } }], ...more })
}

function taught(data: string, value: string): DeltaCutter {
  const cutter = new DeltaCutter()
  cutter.learn(data, JSON.parse(data), 'content', 0, value)
  return cutter
}

test('an event that differs in the learned string only is cut', () => {
  const cutter = taught(chunkOf('ab'), 'ab')
  expect(cutter.cut(chunkOf('other text é'))).toBe('other text é')
  expect(cutter.hole).toBe('content')
})

test.each([
  ['a raw control character', chunkOf('a~b').replace('~', '\u0001')],
  ['another member', chunkOf('ab', { usage: {} })],
  ['another id', chunkOf('ab').replace('"x"', '"y"')],
  ['an empty string', chunkOf('')],
  ['a member hidden in the string', chunkOf('~').replace('~', 'a","role":"b')],
])('an event with %s is left to the parser', (_, data) => {
  expect(taught(chunkOf('ab'), 'ab').cut(data)).toBeUndefined()
})

test.each(['a"b', 'a\\\\b', 'a\\nb', '\\u00e9 "\\\\" \\ud83d\\ude00'])(
  'the string %j is cut although it is written with escapes',
  (text) => {
    expect(taught(chunkOf('ab'), 'ab').cut(chunkOf(text))).toBe(text)
  },
)

test.each(['a\\', 'a\\x', 'a\nb', 'a"', '"a'])(
  'what is written as %j between the quotes is left to the parser',
  (written) => {
    expect(taught(chunkOf('ab'), 'ab').cut(chunkOf('~').replace('~', written))).toBeUndefined()
  },
)

test('a string that also occurs elsewhere is learned at its own place or not at all', () => {
  const data = '{"id":"ab","choices":[{"index":0,"delta":{"content":"ab"}}]}'
  expect(taught(data, 'ab').cut(data.replace('"content":"ab"', '"content":"cd"'))).toBeUndefined()
  expect(taught(data, 'ab').cut(data.replace('"id":"ab"', '"id":"cd"'))).toBeUndefined()
})

test.each(['{"or', 'a\\', '"', 'é\n"', '\u0007'])(
  'an event teaches also where its string %j is written with escapes',
  (value) => {
    const cutter = taught(chunkOf(value), value)
    expect(cutter.cut(chunkOf('other'))).toBe('other')
    expect(cutter.cut(chunkOf(value))).toBe(value)
  },
)

test.each([
  String.raw`{"id":"a\"b","choices":[{"index":0,"delta":{"content":"a\u0022b"}}]}`,
  String.raw`{"choices":[{"index":0,"delta":{"content":"a\u0022b"}}],"id":"a\"b"}`,
  String.raw`{"id":"a\"b","choices":[{"index":0,"delta":{"content":"a\"b"}}]}`,
  String.raw`{"id":"\\a\"b","choices":[{"index":0,"delta":{"c\u006fntent":"a\"b"}}]}`,
])('of %s the string is learned at its own place or not at all', (data) => {
  const other = data.replace(/a\\"b|a\\u0022b/, 'cd')
  const expected = (JSON.parse(other) as { choices: { delta: { content: string } }[] }).choices[0]!
    .delta.content
  expect([undefined, expected]).toContain(taught(data, 'a"b').cut(other))
})

/** As writers have it that write ASCII alone. */
function asciiOf(json: string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

test.each(['é', '你好', '😀"\n', 'a\u2028'])(
  'an event teaches also where all of its string %j is written in ASCII',
  (value) => {
    const cutter = taught(asciiOf(chunkOf(value)), value)
    expect(cutter.cut(asciiOf(chunkOf('世界')))).toBe('世界')
    expect(cutter.cut(chunkOf('other'))).toBe('other')
  },
)

test.each([
  `{"id":"é",${asciiOf(chunkOf('é')).slice(1)}`,
  asciiOf(`{"id":"é",${chunkOf('~').slice(1)}`).replace('~', 'é'),
])('of %s, where another string is the same, it is learned at its place or not at all', (data) => {
  for (const written of ['é', '\\u00e9']) {
    const other = data.replace(`"${written}"`, '"cd"')
    const expected = (JSON.parse(other) as { choices: { delta: { content: string } }[] })
      .choices[0]!.delta.content
    expect([undefined, expected]).toContain(taught(data, 'é').cut(other))
  }
})

function padded(content: string, obfuscation: string): string {
  return chunkOf(content, { usage: null, obfuscation })
}

test.each([
  ['shorter padding', padded('cd', 'x'), 'cd'],
  ['no padding left', padded('cd', ''), 'cd'],
  ['a longer string and padding', padded('cd'.repeat(99), 'xyz'.repeat(9)), 'cd'.repeat(99)],
  ['escapes in the string', padded('a"b\\', 'x'), 'a"b\\'],
  ['the end of an event in the string', padded('","usage":null,"', 'x'), '","usage":null,"'],
  ['escapes in the padding', padded('cd', 'x"y'), undefined],
  ['an escape at the end of the padding', padded('cd', 'x\\'), undefined],
  ['a raw control character in the padding', padded('cd', '~').replace('~', '\u0001'), undefined],
  ['padding that is no text', padded('cd', '~').replace('"~"', '7'), undefined],
  ['no padding', chunkOf('cd', { usage: null }), undefined],
  ['usage before the padding', padded('cd', 'x').replace('null', '{}'), undefined],
  ['a member behind the padding', padded('cd', 'x').replace(/}$/, ',"a":1}'), undefined],
  ['nothing but its end', padded('ab', 'xyz').slice(-14), undefined],
])('of padded events one with %s is read as JSON has it', (_, data, expected) => {
  expect(taught(padded('ab', 'xyz'), 'ab').cut(data)).toBe(expected)
})

test.each([
  padded('ab', 'ab'),
  padded('ab', 'x').replace('null', '"x"'),
  padded('ab', 'x').replace('null', 'null,"obfuscation":"x"'),
  `{"obfuscation":"x",${padded('ab', 'y').slice(1).replace('obfuscation', 'padding')}`,
])('of %s nothing is cut but what stands at the hole', (lesson) => {
  const other = lesson.replace(/"ab"/, '"cd"').replaceAll('"x"', '"zz"')
  expect([undefined, 'cd']).toContain(taught(lesson, 'ab').cut(other))
})

test('a choice other than the first is not learned', () => {
  const data =
    '{"choices":[{"index":1,"delta":{"content":"a"}},{"index":0,"delta":{"content":"a"}}]}'
  expect(taught(data, 'a').cut(data)).toBeUndefined()
})

function doubled(reasoning: string, other: string, summary: string): string {
  const block = { type: 'reasoning.summary', index: 0, text: other, summary }
  return JSON.stringify({ choices: [{ delta: { reasoning, reasoning_details: [block] } }] })
}

test('reasoning that comes twice is cut when both places agree, and are the right ones', () => {
  const lesson = doubled('ab', 'x', 'ab')
  const cutter = new DeltaCutter()
  cutter.learn(lesson, JSON.parse(lesson), 'detailed', 0, 'ab')
  expect(cutter.cut(doubled('cde', 'x', 'cde'))).toBe('cde')
  expect(cutter.cut(doubled('cde', 'x', 'cdf'))).toBeUndefined()
  expect(cutter.cut(doubled('cd', 'x', 'cde'))).toBeUndefined()

  const misleading = doubled('ab', 'ab', 'ab')
  const misled = new DeltaCutter()
  misled.learn(misleading, JSON.parse(misleading), 'detailed', 0, 'ab')
  expect(misled.cut(doubled('cd', 'cd', 'ab'))).toBeUndefined()
})

/** What is cut of an event like the last one of so many lessons, none of which helped. */
function afterLessons(count: number): string | undefined {
  const cutter = new DeltaCutter()
  for (let number = 1; number <= count; number++) {
    const data = chunkOf('ab', { number })
    cutter.learn(data, JSON.parse(data), 'content', 0, 'ab')
  }
  return cutter.cut(chunkOf('cd', { number: count }))
}

test('learning stops after eight lessons that helped nothing', () => {
  expect(afterLessons(8)).toBe('cd')
  expect(afterLessons(9)).toBeUndefined()
})

/** Events of a stream; `isPadded` so that no event is like another and all of them are parsed. */
function decode(stream: readonly string[], isPadded: boolean): readonly ModelEvent[] {
  const decoder = new ChatDecoder(defaultBounds, (name) => name, true)
  for (const [at, data] of stream.entries())
    decoder.push(isPadded ? ' '.repeat(at + 1) + data : data)
  decoder.finish()
  return decoder.events
}

const text = fc.oneof(
  { weight: 5, arbitrary: fc.string({ minLength: 0, maxLength: 6 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('"', '\\', '\n', 'a', 'x', '[DONE]', '😀', '{"a":1}', ':'),
  },
)

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

/** Reasoning as OpenRouter sends it: twice, once with the details of its block. */
const detailed = fc
  .record({
    reasoning: text,
    type: fc.constantFrom('reasoning.text', 'reasoning.text', 'reasoning.summary', 'other'),
    index: fc.constantFrom(0, 0, 1),
    signature: rarely(fc.constantFrom('', 's')),
    both: rarely(fc.constant(true)),
    plain: fc.constantFrom('reasoning', 'reasoning_content'),
    role: rarely(text),
    more: rarely(fc.constant([{ type: 'reasoning.text', text: '', index: 1 }])),
  })
  .map(({ reasoning, type, both, plain, role, more = [], ...rest }) => ({
    role,
    [plain]: reasoning,
    reasoning_details: [
      {
        type,
        ...rest,
        ...(both || type !== 'reasoning.summary' ? { text: reasoning } : {}),
        ...(both || type === 'reasoning.summary' ? { summary: reasoning } : {}),
      },
      ...more,
    ],
  }))

const delta = fc.oneof(
  { weight: 2, arbitrary: detailed },
  fc.record({ content: text }),
  fc.record({ role: fc.constant('assistant'), content: text }),
  fc.record({ reasoning: text }),
  fc.record({ reasoning_content: text, reasoning: rarely(text) }),
  fc.record({ content: text, reasoning: text }),
  fc.record({ refusal: text }),
  fc.record({
    reasoning_details: fc.array(
      fc.record({ type: fc.constant('reasoning.text'), text, index: fc.nat(1) }),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    content: fc.constant(null),
    tool_calls: fc.array(
      fc.record({
        index: rarely(fc.nat(2)),
        id: rarely(fc.constantFrom('', 'a', 'b', 'x')),
        function: fc.record({ name: rarely(fc.constantFrom('', 'f', 'g')), arguments: text }),
        extra_content: rarely(fc.record({ google: text })),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  }),
)

const event = fc
  .record({
    id: fc.constantFrom('x', 'x', 'x', 'a'),
    model: rarely(text),
    choices: fc.array(
      fc.record({
        index: fc.constantFrom(0, 0, 0, 1),
        delta,
        finish_reason: rarely(fc.constantFrom('stop', 'length', 'tool_calls', 'error')),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    usage: rarely(fc.record({ prompt_tokens: fc.nat(9) })),
    obfuscation: rarely(text),
  })
  .map((chunk) => JSON.stringify(chunk))

const changing = ['content', 'reasoning', 'reasoning_content', 'text', 'summary'] as const

/** The event with another text in some of the places that change from one delta to the next. */
function changed(data: string, value: string, except: string | undefined): string {
  const chunk = JSON.parse(data)
  const { delta: holder } = chunk.choices[0]
  if (typeof chunk.obfuscation === 'string' && except !== 'text') chunk.obfuscation = value.slice(1)
  const entry = holder.tool_calls?.[0]?.function
  if (entry !== undefined) entry.arguments = value
  for (const place of [holder, holder.reasoning_details?.[0] ?? {}]) {
    for (const key of changing) {
      if (typeof place[key] === 'string' && key !== except) place[key] = value
    }
  }
  return JSON.stringify(chunk)
}

/** A few events, sent again and again with other texts. */
const stream = fc
  .tuple(
    fc.array(event, { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(fc.nat(3), fc.option(text), rarely(fc.constantFrom(...changing))), {
      maxLength: 20,
    }),
  )
  .map(([pool, steps]) =>
    steps.map(([pick, other, except]) => {
      const each = pool[pick % pool.length]!
      return other === null ? each : changed(each, other, except)
    }),
  )
  .chain((data) => fc.constantFrom(data, data.map(asciiOf)))

test('a stream means the same with and without learning', () => {
  fc.assert(
    fc.property(stream, (data) => {
      expect(decode(data, false)).toEqual(decode(data, true))
    }),
    { numRuns: 4000 },
  )
})
