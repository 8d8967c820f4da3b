// `npm run requirements [-- --all]`: what no test names, with `--all` also which files name the rest.
// Exits 1 when a required one is not named.
import { parseArgs } from 'node:util'
import { later } from './later.ts'
import { required } from './required.ts'
import { namedIds } from './titles.ts'

const { values } = parseArgs({ options: { all: { type: 'boolean' } } })
const named = namedIds()

function list(title: string, requirements: Readonly<Record<string, string>>): number {
  const open = Object.entries(requirements).filter(([id]) => !named.has(id))
  process.stdout.write(
    `${title}: ${Object.keys(requirements).length - open.length} of ${Object.keys(requirements).length} named by a test\n`,
  )
  for (const [id, sentence] of values.all === true ? Object.entries(requirements) : open) {
    const files = named.get(id)
    process.stdout.write(
      `  ${id.padEnd(6)} ${sentence}${files === undefined ? '' : ` [${files.join(', ')}]`}\n`,
    )
  }
  return open.length
}

const missing = list('required', required)
list('later', later)
process.exitCode = missing > 0 ? 1 : 0
