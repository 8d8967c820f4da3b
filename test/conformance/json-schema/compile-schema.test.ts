import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isSallyportError } from '../../../src/base/errors.ts'
import { compileSchema } from '../../../src/tools/compile.ts'

interface Group {
  readonly description: string
  readonly schema: boolean | Record<string, unknown>
  readonly tests: readonly {
    readonly description: string
    readonly data: unknown
    readonly valid: boolean
  }[]
}

interface Differences {
  /** Why -> groups whose schema is refused when a tool is registered. */
  readonly refused: Record<string, readonly string[]>
  /** Why -> tests with another answer than the suite's. */
  readonly answers: Record<string, readonly string[]>
}

const root = new URL('tests/', import.meta.url)
const differences = JSON.parse(
  readFileSync(new URL('differences.json', import.meta.url), 'utf8'),
) as Differences

const dialects = {
  'draft2020-12': 'https://json-schema.org/draft/2020-12/schema',
  draft7: 'http://json-schema.org/draft-07/schema#',
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replaceAll('\\', '/'))
  .toSorted()

function groupsOf(file: string): readonly Group[] {
  return JSON.parse(readFileSync(new URL(file, root), 'utf8')) as readonly Group[]
}

/** The dialect is that of the folder where a schema does not say. */
function declared(schema: Group['schema'], file: string): Record<string, unknown> {
  if (typeof schema === 'boolean') return schema ? {} : { not: {} }
  return { $schema: dialects[file.split('/')[0] as keyof typeof dialects], ...schema }
}

/** The names of the refused groups and of the tests answered otherwise. */
async function differencesOf(file: string): Promise<{ refused: string[]; answers: string[] }> {
  const refused: string[] = []
  const answers: string[] = []
  for (const group of groupsOf(file)) {
    const name = `${file} > ${group.description}`
    try {
      const validate = await compileSchema(declared(group.schema, file), { typed: false })
      for (const { description, data, valid } of group.tests) {
        if ((validate(data) === undefined) !== valid) answers.push(`${name} > ${description}`)
      }
    } catch (error) {
      if (!isSallyportError(error) || error.code !== 'bad-schema') throw error
      refused.push(name)
    }
  }
  return { refused, answers }
}

function expectedFor(file: string, table: Record<string, readonly string[]>): readonly string[] {
  return Object.values(table)
    .flat()
    .filter((name) => name.startsWith(`${file} > `))
}

test('the suite is complete', () => {
  const groups = files.flatMap(groupsOf)
  expect(files.filter((file) => !file.includes('optional'))).toHaveLength(83)
  expect(groups.flatMap((group) => group.tests)).toHaveLength(3946)
})

test('every difference names a file of the suite', () => {
  for (const name of [differences.refused, differences.answers].flatMap((t) =>
    Object.values(t).flat(),
  )) {
    expect(files).toContain(name.split(' > ')[0])
  }
})

test.each(files)(
  '%s is answered as the suite says, but for the listed differences',
  async (file) => {
    const found = await differencesOf(file)
    expect(found.refused.toSorted()).toEqual(expectedFor(file, differences.refused).toSorted())
    expect(found.answers.toSorted()).toEqual(expectedFor(file, differences.answers).toSorted())
  },
)
