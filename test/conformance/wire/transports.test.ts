import { readFileSync } from 'node:fs'
import { Agent } from 'undici'
import { describe, expect, test } from 'vitest'
import type { Transport } from '../../../src/wire/transport.ts'
import { ask, lawBreaks } from './support.ts'

interface Fixture {
  readonly file: string
  readonly name: string
  readonly http_status: number
  readonly content_type: string
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
}

const { fixtures } = JSON.parse(read('manifest.json')) as { fixtures: readonly Fixture[] }

const transports: readonly (readonly [string, () => Transport])[] = [
  ['the global fetch', () => ({ fetch })],
  ['a dispatcher', () => ({ dispatcher: new Agent() })],
]

describe.each(transports)('through %s', (_, make) => {
  const transport = make()

  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))(
    '%s gives the same events as over own connections',
    async (_name, fixture) => {
      const answer = {
        status: fixture.http_status,
        headers: { 'content-type': fixture.content_type },
        body: readFileSync(new URL(fixture.file, import.meta.url)),
        fault: { split: 1024 },
      }
      const own = await ask(answer)
      const { events } = await ask(answer, { transport })
      expect(lawBreaks(events)).toEqual([])
      expect(joined(events)).toEqual(joined(own.events))
    },
  )
})

/** How text is cut into events depends on what arrived together. */
function joined(events: Awaited<ReturnType<typeof ask>>['events']): unknown {
  const whole = events.filter(({ type }) => !type.endsWith('-delta'))
  const text = (type: string): string =>
    events.map((event) => (event.type === type && 'text' in event ? event.text : '')).join('')
  return { whole, text: text('text-delta'), reasoning: text('reasoning-delta') }
}
