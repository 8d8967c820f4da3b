import { readFileSync } from 'node:fs'
import type { WireName } from './client.ts'

export interface Fixture {
  readonly wire: WireName
  readonly name: string
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
}

interface Listed {
  readonly file: string
  readonly name: string
  readonly http_status: number
  readonly content_type: string
}

const folder = new URL('../conformance/wire/', import.meta.url)

const manifests: readonly (readonly [WireName, string])[] = [
  ['chat', 'manifest.json'],
  ['responses', 'responses/manifest.json'],
  ['anthropic', 'anthropic/manifest.json'],
]

/** Every recorded answer of the conformance tests. */
export function readFixtures(): readonly Fixture[] {
  return manifests.flatMap(([wire, manifest]) => {
    const text = readFileSync(new URL(manifest, folder), 'utf8')
    const { fixtures } = JSON.parse(text) as { fixtures: readonly Listed[] }
    return fixtures.map((fixture) => ({
      wire,
      name: fixture.name,
      status: fixture.http_status,
      type: fixture.content_type,
      body: readFileSync(new URL(fixture.file, folder)),
    }))
  })
}
