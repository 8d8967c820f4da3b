import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { root, runProgram } from '../support/program.ts'

/** What a story prints when it has gone well. */
const keyLines: Readonly<Record<string, readonly RegExp[]>> = {
  '01-hello.ts': [/^It is late\.$/m],
  '02-deny-and-explain.ts': [
    /the nearest is `web-only` \(operations\.yaml:6:5\)/,
    /^allowed by allow-restart$/m,
  ],
  '03-roles-and-scopes.ts': [
    /^agents may refund$/m,
    /^the tool `refund` itself needs the scope `refund:write`$/m,
    /^the token is not meant for this service$/m,
  ],
  '04-ask-approve-edit.ts': [
    /^approved: 120$/m,
    /^edited: 80$/m,
    /^denied: too late$/m,
    /^unanswered: nothing was paid$/m,
  ],
  '07-fallback-and-budget.ts': [/^first\/large > second\/small: the connection broke/m],
  '08-key-pool-and-oauth.ts': [
    /^logged in with sk-or-v1\.\.\.cdef$/m,
    /^4\.5 dollars left, 0\.0001 spent$/m,
  ],
  '10-untrusted-text.ts': [
    /`\/recipient` steers this call and is named by no trusted source/,
    /^paid 98\.7 to UK12345678901234567890$/m,
  ],
  '11-guarded-files.ts': [
    /link\.txt error-security guards\.paths/,
    /^ask \[redacted\] for the key$/m,
  ],
  '16-sub-agents.ts': [/^asked by way of writer$/m, /^3 turns, 5 more of 2 agents$/m],
  '13-report-and-proof.ts': [
    /^CONSISTENT: tool-call, decision, tool-result$/m,
    /^MISSING_RUN: the run is named by others, and is not in the journal$/m,
  ],
  '20-traces.ts': [
    /^execute_tool find_order: allow by orders$/m,
    /^execute_tool find_order: deny by default$/m,
    /^invoke_agent desk$/m,
  ],
  '15-gate-without-our-loop.ts': [/✗ deny .*look-first/, /✓ allow .*write_file/],
  '18-isolated-tools.ts': [/^timeout the time of the tool, 2000 ms, was over/m],
  '06-parallel-and-keys.ts': [/start B 3, end B 3.*start A 2/, /^A 1, A 2, B 3$/m],
}

const stories = readdirSync(resolve(root, 'examples')).filter((name) => /^\d\d-.*\.ts$/.test(name))

test('every story whose lines are known exists', () => {
  expect(stories).toEqual(expect.arrayContaining(Object.keys(keyLines)))
})

test.each(stories)('%s holds what it says', async (name) => {
  const { code, out, errors } = await runProgram(`examples/${name}`)
  expect(errors).toBe('')
  expect(code).toBe(0)
  for (const line of keyLines[name] ?? []) expect(out).toMatch(line)
})
