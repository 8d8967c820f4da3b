import type { ChildProcess } from 'node:child_process'
import { appendFileSync, cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { ended, startCli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'
import { temporaryFolder } from '../support/folder.ts'

const suite = `policy: desk.yaml
tests:
  - { name: look, as: { roles: [user] }, call: { tool: look }, expect: allow }
`

/** A folder with the folders `in` and `next`, of which each holds the policy and its tests. */
function outer(): string {
  const folder = temporaryFolder()
  const desk = deskFolder({ 'desk.test.yaml': suite })
  for (const name of ['in', 'next']) cpSync(desk, join(folder, name), { recursive: true })
  return folder
}

/** Everything that has been said so far. */
function heard({ stdout, stderr }: ChildProcess): () => string {
  let text = ''
  for (const stream of [stdout!, stderr!]) stream.on('data', (chunk) => (text += String(chunk)))
  return () => text
}

function times(text: string, part: string): number {
  return text.split(part).length - 1
}

const slow = { timeout: 20_000 }

describe.concurrent('sallyport test --watch', () => {
  test.each([
    ['removed and made again', (folder: string) => rmSync(folder, { recursive: true })],
    ['exchanged', (folder: string) => renameSync(folder, `${folder}.old`)],
  ])('goes on with a folder that was %s', async (_, takeAway) => {
    const cwd = outer()
    const child = startCli(['test', 'in/desk.test.yaml', '--watch'], { cwd })
    const said = heard(child)
    await vi.waitFor(() => expect(times(said(), '1 passed')).toBe(1), slow)
    await vi.waitFor(() => expect(said()).toContain('waiting'), slow)
    takeAway(join(cwd, 'in'))
    await vi.waitFor(() => expect(said()).toContain('error[bad-file]'), slow)
    renameSync(join(cwd, 'next'), join(cwd, 'in'))
    await vi.waitFor(() => expect(times(said(), '1 passed')).toBe(2), slow)
    await vi.waitFor(() => expect(said()).toMatch(/waiting[^]*waiting[^]*waiting/), slow)
    appendFileSync(join(cwd, 'in/desk.test.yaml'), '# a change\n')
    await vi.waitFor(() => expect(times(said(), '1 passed')).toBe(3), slow)
    child.kill('SIGINT')
    await ended(child)
    expect(child.exitCode).toBe(130)
  })

  test('waits for a folder that is not there yet', async () => {
    const cwd = outer()
    const child = startCli(['test', 'later/desk.test.yaml', '--watch'], { cwd })
    const said = heard(child)
    await vi.waitFor(() => expect(said()).toMatch(/error\[bad-file\][^]*waiting/), slow)
    renameSync(join(cwd, 'next'), join(cwd, 'later'))
    await vi.waitFor(() => expect(said()).toContain('1 passed'), slow)
    child.kill('SIGINT')
    await ended(child)
  })

  test('ends when nobody reads any more what it prints', async () => {
    const cwd = outer()
    const child = startCli(['test', 'in/desk.test.yaml', '--watch'], { cwd })
    const said = heard(child)
    await vi.waitFor(() => expect(said()).toContain('waiting'), slow)
    child.stdout.destroy()
    appendFileSync(join(cwd, 'in/desk.test.yaml'), '# a change\n')
    await ended(child)
    expect(child.exitCode).toBe(130)
  })
})
