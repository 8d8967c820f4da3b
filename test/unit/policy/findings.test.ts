import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { saidOf, wrap } from './said.ts'

const folder = new URL('said/', import.meta.url)

/**
 * What is written and, indented below it, all that is said about it. `# rule` and the like name what
 * the lines below stand in; an arrow stands for the end of a line, one to the right for a tab.
 */
function casesOf(name: string): readonly [string, string, readonly string[]][] {
  let place = ''
  const cases: [string, string, string[]][] = []
  for (const line of readFileSync(new URL(name, folder), 'utf8').split('\n')) {
    if (line.startsWith('# ')) place = line.slice(2)
    else if (line.startsWith('  ')) cases.at(-1)![2].push(line.slice(2))
    else if (line !== '') cases.push([place, line, []])
  }
  return cases
}

const isError = (line: string): boolean => /^(?:\S+:)?\d+:\d+-\S+ (?!\(warning\))/.test(line)

test('every error says how to mend it', () => {
  for (const name of readdirSync(folder)) {
    for (const [, written, said] of casesOf(name)) {
      const mute = said.filter((line, index) => {
        return isError(line) && said[index + 1]?.startsWith('help: ') !== true
      })
      expect([written, mute]).toEqual([written, []])
    }
  }
})

describe.each(readdirSync(folder))('what is said about a policy is that of %s', (name) => {
  test.each(casesOf(name))('in a %s: %s', (place, written, expected) => {
    expect(saidOf(wrap(place, written.replaceAll('↵', '\n').replaceAll('→', '\t')))).toEqual(
      expected,
    )
  })
})
