import { expect, test } from 'vitest'
import { compileSchema } from '../../../src/tools/compile.ts'

const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'date',
    ['2024-02-29', '2000-02-29'],
    ['2023-02-29', '1900-02-29', '2024-13-01', '2024-1-1', '2024-00-10'],
  ],
  [
    'time',
    ['10:00:00Z', '23:59:60Z', '01:59:60+02:00'],
    ['24:00:00Z', '10:00:60Z', '10:00:00', '10:00:00+24:00'],
  ],
  [
    'date-time',
    ['2026-01-02T03:04:05.678Z', '2026-01-02t03:04:05+01:00'],
    ['2026-01-02 03:04:05Z', '2026-01-02T03:04:05'],
  ],
  ['duration', ['P1Y2M3D', 'PT5M', 'P4W', 'P1DT1S'], ['P', 'PT', '1D', 'P1Y2D', 'P1W2D']],
  [
    'email',
    ['a.b+c@example.com'],
    ['a@b@c', '@b.c', 'a@', 'a..b@c.d', 'a@b.c\r\nBcc: x@y.z', 'a @b.c', `${'x'.repeat(65)}@b.c`],
  ],
  [
    'hostname',
    ['a.example', 'xn--bcher-kva.example'],
    ['-a.b', 'a..b', 'a_b', `${'a'.repeat(64)}.b`, '', 'a.b.'],
  ],
  ['ipv4', ['127.0.0.1'], ['127.1', '0177.0.0.1', '256.0.0.1', '127.0.0.1/8']],
  ['ipv6', ['::1', '::ffff:1.2.3.4'], ['fe80::1%eth0', '1::2::3', '[::1]']],
  [
    'uri',
    ['https://a.example/x?y#z', 'urn:isbn:1', 'http://[::1]:80/', 'mailto:a@b.c'],
    [
      '//a.example',
      '/x',
      'http://a b',
      'http://a\\b',
      'https://a.example/%zz',
      'a:b#c#d',
      'http://a@b@c/',
      'http://[zz]/',
    ],
  ],
  [
    'uuid',
    ['2EB8AA08-aa98-11ea-b4aa-73b441d16380'],
    ['2eb8aa08aa9811eab4aa73b441d16380', '{2eb8aa08-aa98-11ea-b4aa-73b441d16380}'],
  ],
  ['json-pointer', ['', '/a~1b'], ['a', '/a~2']],
]

test.each(cases)('%s', async (format, good, bad) => {
  const validate = await compileSchema({ type: 'string', format })
  expect(good.filter((text) => validate(text) !== undefined)).toEqual([])
  expect(bad.filter((text) => validate(text) === undefined)).toEqual([])
})

test.each([
  ['int32', [0, -(2 ** 31), 2 ** 31 - 1], [2 ** 31, -(2 ** 31) - 1, 0.5]],
  ['int64', [2 ** 53 - 1], [2 ** 53, 0.5]],
  ['float', [1.5], [1e300]],
])('%s', async (format, good, bad) => {
  const validate = await compileSchema({ type: 'number', format })
  expect(good.filter((value) => validate(value) !== undefined)).toEqual([])
  expect(bad.filter((value) => validate(value) === undefined)).toEqual([])
})
