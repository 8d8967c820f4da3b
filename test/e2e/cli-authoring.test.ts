import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

const untidy = `name:   untidy   # its name
sallyport: 1

rules:
    - { allow: [ look ],   id: "one" }   # the only one
`

const tidy = `sallyport: 1
name: untidy # its name

rules:
  - { id: 'one', allow: [look] } # the only one
`

describe.concurrent('sallyport fmt', () => {
  test('rewrites files, and names those it changed', async () => {
    const cwd = deskFolder({ 'untidy.yaml': untidy, 'tidy.yaml': tidy })
    const args = ['fmt', 'untidy.yaml', 'tidy.yaml']
    const checked = await cli([...args, '--check'], { cwd })
    expect([checked.code, checked.out]).toEqual([1, 'untidy.yaml\n'])
    expect(readFileSync(join(cwd, 'untidy.yaml'), 'utf8')).toBe(untidy)
    const written = await cli(args, { cwd })
    expect([written.code, written.out]).toEqual([0, 'untidy.yaml\n'])
    expect(readFileSync(join(cwd, 'untidy.yaml'), 'utf8')).toBe(tidy)
    const again = await cli([...args, '--check', '--json'], { cwd })
    expect(again.code).toBe(0)
    expect(JSON.parse(again.out)).toEqual({
      files: [
        { file: 'untidy.yaml', changed: false },
        { file: 'tidy.yaml', changed: false },
      ],
      exit: { code: 0 },
    })
  })

  test('is a filter without files, and leaves alone what is no YAML', async () => {
    const cwd = deskFolder({ 'broken.yaml': 'rules: [' })
    const [filter, broken, missing] = await Promise.all([
      cli(['fmt'], { cwd, input: untidy }),
      cli(['fmt', 'broken.yaml'], { cwd }),
      cli(['fmt', 'none.yaml'], { cwd }),
    ])
    expect([filter.code, filter.out]).toEqual([0, tidy])
    expect([broken.code, broken.out]).toEqual([1, ''])
    expect(broken.err).toContain('broken.yaml:1:9')
    expect(readFileSync(join(cwd, 'broken.yaml'), 'utf8')).toBe('rules: [')
    expect([missing.code, missing.out]).toEqual([2, ''])
  })
})
