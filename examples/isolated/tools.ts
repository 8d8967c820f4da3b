// Tools as somebody else may have written them: they read where they are told, and time does not matter.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineTool } from 'sallyport'

const count = defineTool<{ file: string }>({
  name: 'count',
  description: 'Counts the words of a file.',
  input: { type: 'object', properties: { file: { type: 'string' } }, required: ['file'] },
  annotations: { readOnly: true },
  timeoutMs: 10_000,
  async execute({ file }) {
    const text = await readFile(join(process.env['INBOX']!, file), 'utf8')
    return text.split(/\s+/).length
  },
})

const spin = defineTool({
  name: 'spin',
  description: 'Never ends.',
  input: {},
  annotations: { readOnly: true },
  timeoutMs: 2000,
  execute: () => {
    for (;;);
  },
})

export default [count, spin]
