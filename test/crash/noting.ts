import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { defineTool, type Tool } from 'sallyport'

const input = { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] }

/**
 * A tool that does something in the world that everybody can see, once for each start; `fails` of
 * its first attempts do not.
 */
export function noting(folder: string, name: string, isIdempotent: boolean, fails = 0): Tool {
  return defineTool<{ sum: number }>({
    name,
    description: 'Notes that it ran.',
    input,
    annotations: { idempotent: isIdempotent },
    retry: { attempts: isIdempotent ? 3 : 1, delayMs: 1 },
    async execute({ sum }, { attempt, idempotencyKey }) {
      await setTimeout(Math.random() * 4)
      if (attempt <= fails) throw new Error('not yet')
      process.stdout.write('.')
      appendFileSync(join(folder, 'effects.txt'), `${name} ${idempotencyKey}\n`)
      await setTimeout(Math.random() * 4)
      return { noted: sum }
    },
  })
}
