import { readFileSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { expect, test } from 'vitest'
import { fileArea } from '../../../../src/gate/guards/paths.ts'

const lists = ['deep_traversal', 'directory_traversal', 'traversals-8-deep-exotic-encoding']
const area = fileArea(
  {
    tools: [],
    at: { start: 0, end: 0 },
    arg: [],
    root: '/srv/project',
    deny: [],
    readOnly: [],
    symlinks: 'deny',
  },
  '/',
)

test.each(lists)('E01, E05: every line of %s is refused or stays below the root', (name) => {
  const text = readFileSync(new URL(`./${name}.txt`, import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  const inside: string[] = []
  for (const line of lines) {
    const path = line.replaceAll('{FILE}', 'etc/passwd')
    const located = area.locate(path, false)
    if (!located.ok) continue
    inside.push(path)
    expect(resolve('/srv/project', path).startsWith(`/srv/project${sep}`)).toBe(true)
    expect(located.path).toBe(resolve('/srv/project', path))
  }
  console.log(`${name}: ${lines.length} lines, ${lines.length - inside.length} refused`)
  expect(lines.length).toBeGreaterThan(100)
  expect(inside.length).toBeLessThan(lines.length / 10)
})
