import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { defineTool } from 'sallyport'

/** Where the notes are; the policy is told the same. */
export const folder = process.env['NOTES'] ?? join(import.meta.dirname, 'notes')

const file = { type: 'string', description: 'Name of the note, such as `plan.md`.' }
const text = { type: 'string' }

const listNotes = defineTool({
  name: 'list_notes',
  description: 'Lists the names of all notes.',
  input: { type: 'object', properties: {} },
  annotations: { readOnly: true },
  execute: async () => (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted(),
})

const readNote = defineTool<{ file: string }>({
  name: 'read_note',
  description: 'Reads a note.',
  input: { type: 'object', properties: { file }, required: ['file'] },
  annotations: { readOnly: true },
  // what is opened is what the guards have judged, wherever links lead by then
  async execute(args, { open }) {
    await using note = await open(args.file)
    return note.readFile('utf8')
  },
})

const addNote = defineTool<{ file: string; text: string }>({
  name: 'add_note',
  description: 'Writes a note that is not there yet.',
  input: { type: 'object', properties: { file, text }, required: ['file', 'text'] },
  annotations: { destructive: false },
  async execute(args, { open }) {
    await using note = await open(args.file, 'wx')
    await note.writeFile(args.text)
  },
})

const replaceNote = defineTool<{ file: string; text: string }>({
  name: 'replace_note',
  description: 'Writes a note anew; what was in it is lost.',
  input: { type: 'object', properties: { file, text }, required: ['file', 'text'] },
  editable: ['/text'],
  async execute(args, { open }) {
    await using note = await open(args.file, 'w')
    await note.writeFile(args.text)
  },
})

export default [listNotes, readNote, addNote, replaceNote]
