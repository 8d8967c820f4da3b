import { expect, test } from 'vitest'
import { Diagnostics } from '../../../src/policy/diagnostic.ts'
import { parseJsonTree } from '../../../src/policy/parse-json.ts'
import { Source } from '../../../src/policy/source.ts'
import { maxDepth, toJson, type Node } from '../../../src/policy/tree.ts'
import { linesOf } from './said.ts'
import { inOrder, parseWithLibrary } from './trees.ts'

interface Read {
  readonly tree: Node | undefined
  readonly said: readonly string[]
}

function read(text: string): Read {
  const diagnostics = new Diagnostics(new Source('p', text))
  return { tree: parseJsonTree(text, diagnostics), said: linesOf(diagnostics.all()) }
}

test('every value has its place, and every member that of its key', () => {
  const text = ' {"a": [1, {"b\\n" :null}, []], "c":{} }\n'
  const at = (part: string): { start: number; end: number } => {
    const start = text.indexOf(part)
    return { start, end: start + part.length }
  }
  const { tree, said } = read(text)
  expect(said).toEqual([])
  expect(inOrder(tree)).toEqual({
    kind: 'map',
    ...at('{"a": [1, {"b\\n" :null}, []], "c":{} }'),
    entries: [
      [
        'a',
        at('"a"'),
        {
          kind: 'list',
          ...at('[1, {"b\\n" :null}, []]'),
          items: [
            { kind: 'scalar', value: 1, ...at('1') },
            {
              kind: 'map',
              ...at('{"b\\n" :null}'),
              entries: [['b\n', at('"b\\n"'), { kind: 'scalar', value: null, ...at('null') }]],
            },
            { kind: 'list', items: [], ...at('[]') },
          ],
        },
      ],
      ['c', at('"c"'), { kind: 'map', entries: [], ...at('{}') }],
    ],
  })
})

const texts = [
  '{}',
  '[]',
  '[ ]',
  '{ }',
  '""',
  '0',
  '-0',
  '-1.50e-3',
  '10',
  '1E+2',
  '1e10',
  '0.5',
  '120.034e5',
  '9007199254740991',
  'true',
  'false',
  'null',
  '[true,false,null]',
  '[1 , 2 ,3]',
  '[\n\t1,\r\n 2 ]',
  '"a b"',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"',
  '"\\\\"',
  '"é😀\u007f\u00a0"',
  '{"a":1,"b":2}',
  '{ "a" : 1 , "b" : { "a" : [ "a" ] } }',
  '{"a":{"a":{"a":[[[]]]}}}',
  '{"":1}',
  '{"a b":"c"}',
  '{"toString":1,"hasOwnProperty":2}',
  '[["a"],["a"]]',
]

test.each(texts)('%j has the values of JSON, at the places of the library', (text) => {
  const { tree, said } = read(text)
  expect(said).toEqual([])
  expect(toJson(tree!)).toEqual(JSON.parse(text))
  expect(inOrder(tree)).toEqual(inOrder(parseWithLibrary(text)))
})

const others = [
  '',
  ' ',
  '{',
  '[',
  '}',
  ']',
  '{]',
  '[}',
  '{"a"}',
  '{"a":}',
  '{"a" 1}',
  '{"a":1,}',
  '{,"a":1}',
  '{"a":1 "b":2}',
  '{"a":1,,"b":2}',
  '{a:1}',
  '{"a"=1}',
  '{xa":1}',
  '{"a":1;"b":2}',
  '[1;2]',
  "{'a':1}",
  '{1:1}',
  '{"a":1]',
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '{"__proto__":1}',
  '{"constructor":1}',
  '{"prototype":1}',
  '{"__pro\\u0074o__":1}',
  '[1,]',
  '[,1]',
  '[1 2]',
  '[1,,2]',
  '[1}',
  '[1] x',
  '[] []',
  '1 2',
  '"a',
  '"a\\"',
  '"\\',
  '"a\nb"',
  '"a\u0001b"',
  '"a\u001fb"',
  '"\\q"',
  '"\\x41"',
  '"\\u12"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"a\ud800b"',
  '"\ufffd"',
  'tru',
  'True',
  'nul',
  'nullx',
  'truefalse',
  'NaN',
  'Infinity',
  '-',
  '+1',
  '01',
  '-01',
  '1.',
  '.5',
  '1.e5',
  '1e',
  '1e+',
  '1.5.2',
  '1-2',
  '--1',
  '0x10',
  '1_000',
  '9007199254740993',
  '1e999',
  '-1e999',
  '1e-400',
  '1\u00a0',
  '\ufeff1',
  '\v1',
  '// a\n1',
  '[1] // a',
]

test.each(others)('%j is not this reader’s, which says nothing about it', (text) => {
  expect(read(text)).toEqual({ tree: undefined, said: [] })
})

test.each([
  ['lists', '[', ']'],
  ['mappings', '{"a":', '}'],
])('%s are read down to the deepest level, and refused where they go on', (_, open, close) => {
  const nested = (depth: number): string => `${open.repeat(depth)}0${close.repeat(depth)}`
  expect(read(nested(maxDepth))).toEqual({ tree: parseWithLibrary(nested(maxDepth)), said: [] })
  const column = open.length * (maxDepth + 1) + 1
  expect(read(nested(maxDepth + 1))).toEqual({
    tree: undefined,
    said: [
      `1:${column}-${column + 1} too-deep: the file is nested deeper than 32 levels`,
      'help: no part of a policy needs as many: take levels out',
    ],
  })
})

const last = (depth: number): readonly string[] => [
  `${'[0,'.repeat(depth)}[]${']'.repeat(depth)}`,
  `${'{"a":0,"b":'.repeat(depth)}[]${'}'.repeat(depth)}`,
]

test('items and members that are not the first are as deep as the first', () => {
  for (const text of last(maxDepth)) {
    expect(toJson(read(text).tree!)).toEqual(JSON.parse(text))
  }
  for (const text of last(maxDepth + 1)) {
    const said = [expect.stringContaining('too-deep'), expect.stringMatching(/^help: /)]
    expect(read(text)).toEqual({ tree: undefined, said })
  }
})
