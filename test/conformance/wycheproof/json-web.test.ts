import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { algorithms } from '../../../src/gate/identity/algorithms.ts'
import { readKeySet } from '../../../src/gate/identity/key-set.ts'
import { parseToken, verifyToken } from '../../../src/gate/identity/token.ts'

interface Vector {
  tcId: number
  comment: string
  jws?: unknown
  jwe?: unknown
  result: 'valid' | 'invalid'
}
interface Group {
  public?: Record<string, unknown>
  private?: Record<string, unknown>
  tests: Vector[]
}

const every = [...algorithms.keys()]
const overrides = read('overrides.json') as Record<string, Record<string, { ours?: string }>>

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))
}

function cases(file: string): { group: Group; vector: Vector }[] {
  const { testGroups } = read(file) as { testGroups: Group[] }
  return testGroups.flatMap((group) => group.tests.map((vector) => ({ group, vector })))
}

function expected(file: string, vector: Vector): 'accept' | 'reject' {
  if (vector.jws === undefined) return 'reject'
  const ours = overrides[file]?.[String(vector.tcId)]?.ours
  if (ours !== undefined) return ours.startsWith('accept') ? 'accept' : 'reject'
  return vector.result === 'valid' ? 'accept' : 'reject'
}

async function verdict(group: Group, vector: Vector): Promise<'accept' | 'reject'> {
  const key = group.public ?? group.private!
  const set = Array.isArray(key['keys']) ? key : { keys: [key] }
  const keys = await readKeySet(JSON.stringify(set), every, true)
  const token = parseToken(String(vector.jws ?? vector.jwe))
  if (!keys.ok || !token.ok) return 'reject'
  return verifyToken(token, keys) === undefined ? 'accept' : 'reject'
}

describe.each([
  { file: 'json_web_signature_test.json', total: 401, accepted: 42 },
  { file: 'json_web_key_test.json', total: 26, accepted: 5 },
  { file: 'json_web_crypto_test.json', total: 83, accepted: 4 },
  { file: 'json_web_encryption_test.json', total: 139, accepted: 0 },
])('the vectors of $file', ({ file, total, accepted }) => {
  it(`are ${total}`, () => {
    expect(cases(file)).toHaveLength(total)
    expect(cases(file).filter(({ vector }) => expected(file, vector) === 'accept')).toHaveLength(
      accepted,
    )
  })

  it.each(cases(file))('$vector.tcId $vector.comment', async ({ group, vector }) => {
    expect(await verdict(group, vector)).toBe(expected(file, vector))
  })
})
