// `npm run requirements [-- --all]`: what no test names, with `--all` also which files name the rest.
// Exits 1 when a required one is not named.
import { parseArgs } from 'node:util'
import { required } from './required.ts'
import { namedIds } from './titles.ts'

const { values } = parseArgs({ options: { all: { type: 'boolean' } } })
const named = namedIds()
const isNamed = ([id]: readonly [string, string]): boolean => named.has(id)

function section(title: string, requirements: Readonly<Record<string, string>>): string {
  const entries = Object.entries(requirements)
  const count = entries.filter(isNamed).length
  const shown = values.all === true ? entries : entries.filter((entry) => !isNamed(entry))
  const lines = shown.map(([id, sentence]) => {
    const files = named.get(id)
    return `  ${id.padEnd(6)} ${sentence}${files === undefined ? '' : ` [${files.join(', ')}]`}\n`
  })
  return `${title}: ${count} of ${entries.length} named by a test\n${lines.join('')}`
}

process.stdout.write(section('required', required))
process.exitCode = Object.entries(required).every(isNamed) ? 0 : 1
