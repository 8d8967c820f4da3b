import { SallyportError } from '../base/errors.ts'
import { checkFileOptions, type EncryptionOptions, type JournalKey } from './encryption.ts'

/** Where the command line looks for keys. */
const variable = 'SALLYPORT_JOURNAL_KEYS'

/** The keys of `SALLYPORT_JOURNAL_KEYS`, as `id:key`, with commas between them. Throws `bad-option`. */
export function encryptionIn(
  environment: Readonly<Record<string, string | undefined>>,
): EncryptionOptions | undefined {
  const text = environment[variable]
  if (text === undefined || text === '') return undefined
  const keys = text.split(',').map((entry) => {
    const [, id, key] = /^\s*([^:]*):(.*?)\s*$/.exec(entry) ?? []
    return { id: id ?? '', key: key ?? '' }
  })
  const encryption: EncryptionOptions = { keys: keys as [JournalKey, ...JournalKey[]] }
  try {
    checkFileOptions('the journal', { encryption })
  } catch (error) {
    const { message, help } = error as SallyportError
    throw new SallyportError('bad-option', `\`${variable}\`: ${message}`, {
      help: `write \`id:key\`, with commas between several; ${help}`,
    })
  }
  return encryption
}
