import { shellWord } from '../../base/shell-word.ts'

/** Where the reader finds what a call was decided by. */
export interface Whereabouts {
  /** Default: the journal of the command line. */
  readonly journal?: string | undefined
  /** Default: the file the run named. */
  readonly policyFile?: string | undefined
}

/** The command that explains a call, ready for a shell: nothing in it can end a word or a line. */
export function explainCommand(callId: string, { journal, policyFile }: Whereabouts): string {
  const words = [
    ['--policy', path(policyFile ?? 'policy.yaml')],
    ['--journal', path(journal ?? '.sallyport/journal.db')],
    ['--call', callId],
  ] as const
  return ['sallyport explain', ...words.map(([name, word]) => `${name} ${shellWord(word)}`)].join(
    ' ',
  )
}

function path(name: string): string {
  return name.startsWith('-') ? `./${name}` : name
}
