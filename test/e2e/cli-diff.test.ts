import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

/** A desk whose second policy lets bigger refunds through and more looks than two. */
function desks(files: Readonly<Record<string, string>> = {}): string {
  const cwd = deskFolder(files)
  const text = readFileSync(join(cwd, 'desk.yaml'), 'utf8')
  const wider = text.replaceAll(': 100', ': 150').replace('max: 2, over: deny', 'max: 2, over: ask')
  writeFileSync(join(cwd, 'wider.yaml'), wider)
  return cwd
}

const hostile = {
  id: 't\u001b[2J',
  messages: [],
  calls: [{ id: 'c1', name: 'refund', args: { amount: 120, note: '\u202e' } }],
}

describe.concurrent('sallyport diff', () => {
  test('shows what became allowed first, with a call to try, and exits 1', async () => {
    const cwd = desks()
    const args = ['diff', 'desk.yaml', 'wider.yaml', '--tools', 'schemas.json']
    const { code, out, err } = await cli(args, { cwd })
    expect([code, err]).toEqual([1, ''])
    const [, newly, example, asked] = out.split('\n')
    expect(newly).toMatch(
      /^ {2}NEWLY ALLOWED {2}refund {2}\d+ calls {2}ask by refund-big -> allow by refund-small$/,
    )
    expect(example).toMatch(/^ {6}e\.g\. \{"amount":[\d.]+\} {2}as \[user\]/)
    expect(asked).toMatch(/^ {2}deny -> ask {4}look .* deny by limits\.two -> ask by limits\.two$/)
  })

  test('exits 0 where calls are only refused more often, or nothing changed', async () => {
    const cwd = desks()
    const [stricter, same] = await Promise.all([
      cli(['diff', 'wider.yaml', 'desk.yaml', '--json'], { cwd }),
      cli(['diff', 'desk.yaml', 'desk.yaml'], { cwd }),
    ])
    expect(stricter.code).toBe(0)
    expect(JSON.parse(stricter.out)).toMatchObject({
      changes: [
        {
          newlyAllowed: false,
          tool: expect.any(String),
          before: { effect: expect.any(String), rule: expect.any(String) },
          after: { effect: expect.any(String), rule: expect.any(String) },
          example: { args: expect.any(Object) },
        },
        { newlyAllowed: false },
      ],
      recorded: 0,
      exit: { code: 0 },
    })
    expect([same.code, same.out]).toEqual([
      0,
      expect.stringMatching(/^\d+ generated calls\n {2}no call is decided otherwise\n/),
    ])
  })

  test('decides recorded calls under both, names them escaped, and finds rules without use', async () => {
    const cwd = desks({ 't.jsonl': `${JSON.stringify(hostile)}\n` })
    const args = ['diff', 'desk.yaml', 'wider.yaml', '--log', 't.jsonl']
    const { code, out } = await cli(args, { cwd })
    expect(code).toBe(1)
    expect(out).toContain('1 recorded call, ')
    expect(out).toContain('e.g. t\\u{1b}[2J, call c1  {"amount":120,"note":"\\u{202e}"}')
    expect(out).toContain('unused rule look  wider.yaml:6:5')
    expect(out).not.toContain('unused rule refund-small')
    // oxlint-disable-next-line no-control-regex
    expect(out).not.toMatch(/[\u001b\u202e]/)
  })
})
