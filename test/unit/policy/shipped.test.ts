import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { runSuite, type TestResult } from '../../../src/analysis/suite.ts'

interface Document {
  readonly rules: readonly Readonly<Record<string, unknown>>[]
  readonly limits?: readonly Readonly<Record<string, unknown>>[]
}

const folder = new URL('../../../policies/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

async function failuresOf(text: string, file: string): Promise<readonly TestResult[]> {
  const results = await runSuite(compilePolicy(readPolicy(text, { file })))
  return results.filter((result) => !result.passed)
}

test.each(files)('policies/%s is free of warnings and its own tests pass', async (name) => {
  const text = textOf(name)
  expect(readPolicy(text, { file: name }).warnings).toEqual([])
  const failures = await failuresOf(text, name)
  expect(failures.map((result) => [result.test.name, result.decision])).toEqual([])
})

test.each(files)('policies/%s begins with schema, intent, threat and false positives', (name) => {
  const lines = textOf(name).split('\n')
  expect(lines[0]).toBe(
    '# yaml-language-server: $schema=../node_modules/sallyport/dist/policy/policy.schema.json',
  )
  const comment = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('#')),
    )
    .join('\n')
  for (const word of ['Intent:', 'Threat:', 'Expected false positives:'])
    expect(comment).toContain(word)
})

const limitMutants: ReadonlySet<string> = new Set(['calls', 'mails'])

/** Each with one thing less, or with the effect of one rule turned around. */
function mutants(document: Document): readonly (readonly [string, object])[] {
  const withRule = (index: number, rule: Document['rules'][number] | undefined): object => ({
    ...document,
    rules: document.rules.toSpliced(index, 1, ...(rule === undefined ? [] : [rule])),
  })
  const ofRules = document.rules.flatMap((rule, index) => {
    const id = String(rule['id'])
    const {
      allow,
      ask,
      deny,
      approvers: _approvers,
      onlyArgs: _onlyArgs,
      except: _except,
      ...rest
    } = rule
    const inverted = deny === undefined ? { ...rest, deny: allow ?? ask } : { ...rest, allow: deny }
    const made: [string, object][] = [
      [`${id} dropped`, withRule(index, undefined)],
      [`${id} inverted`, withRule(index, inverted)],
    ]
    if (ask !== undefined) made.push([`${id} allows`, withRule(index, { ...rest, allow: ask })])
    for (const key of ['who', 'onlyArgs', 'args']) {
      const { [key]: gone, ...others } = rule
      if (gone !== undefined) made.push([`${id} without ${key}`, withRule(index, others)])
    }
    const args = (rule['args'] ?? {}) as Readonly<Record<string, unknown>>
    for (const name of Object.keys(args)) {
      const { [name]: _gone, ...others } = args
      if (Object.keys(others).length === 0) continue
      made.push([`${id} without ${name}`, withRule(index, { ...rule, args: others })])
    }
    return made
  })
  const ofLimits = (document.limits ?? []).flatMap(({ id }, index): [string, object][] =>
    // a test would have to spell out hundreds of earlier calls
    limitMutants.has(String(id))
      ? []
      : [
          [
            `limit ${String(id)} dropped`,
            { ...document, limits: document.limits!.toSpliced(index, 1) },
          ],
        ],
  )
  return [...ofRules, ...ofLimits]
}

const all = files.flatMap((name) =>
  mutants(parse(textOf(name)) as Document).map(
    ([what, document]) => [name, what, document] as const,
  ),
)

test.each(all)('a test of policies/%s fails with %s', async (name, _what, document) => {
  expect(await failuresOf(JSON.stringify(document), name)).not.toEqual([])
})
