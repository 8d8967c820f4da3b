import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { describe, expect, test } from 'vitest'
import { conventional, metrics, operations, own } from '../../src/plugins/otel/names.ts'

const published = new Set<unknown>(Object.values(conventions))

/** In the conventions for generative AI, but not in the package yet. */
const ahead: ReadonlySet<string> = new Set([metrics.toolDuration])

describe('names of telemetry', () => {
  test.each(Object.values(conventional))('%s is published', (name) => {
    expect(published).toContain(name)
  })

  test.each(Object.values(operations))('the operation %s is published', (name) => {
    expect(published).toContain(name)
  })

  test.each(Object.values(metrics).filter((name) => name.startsWith('gen_ai.')))(
    'the metric %s is published, or known to be ahead',
    (name) => {
      expect(published.has(name)).toBe(!ahead.has(name))
    },
  )

  test.each([
    ...Object.values(own),
    ...Object.values(metrics).filter((name) => !name.startsWith('gen_ai.')),
  ])('%s of our own stands under our own name', (name) => {
    expect(name).toMatch(/^sallyport\.[a-z_]+(\.[a-z_]+)*$/)
    expect(published).not.toContain(name)
  })
})
