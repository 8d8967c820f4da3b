import { expect, test } from 'vitest'
import { codes, type ErrorCode } from '../../../src/base/codes.ts'
import { ofCallers } from './callers.ts'
import type { Fixtures } from './fixture.ts'
import { ofModels } from './models.ts'
import { ofPrograms } from './programs.ts'
import { ofRuns } from './runs.ts'
import { ofSnapshots } from './snapshots.ts'

const fixtures: Fixtures = { ...ofPrograms, ...ofRuns, ...ofSnapshots, ...ofCallers, ...ofModels }

test.each(Object.keys(codes) as ErrorCode[])('%s is what happens', async (code) => {
  const produce = fixtures[code]
  expect(produce, `no fixture makes \`${code}\` happen: add one beside this test`).toBeDefined()
  expect(await produce!()).toContain(code)
})
