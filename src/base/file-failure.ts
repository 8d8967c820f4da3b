import { messageOf, SallyportError } from './errors.ts'

type Doing = 'read' | 'written'

interface Reason {
  readonly why: string
  readonly help: string
}

const missing: Readonly<Record<Doing, Reason>> = {
  read: {
    why: 'there is no such file',
    help: 'check the name; it is looked up from the current folder',
  },
  written: {
    why: 'its folder does not exist',
    help: 'make the folder first, or choose another name',
  },
}

/** What the operating system calls its refusals, in words that say what to do. */
const reasons: Readonly<Record<string, (doing: Doing) => Reason>> = {
  ENOENT: (doing) => missing[doing],
  EISDIR: () => ({ why: 'it is a folder', help: 'name a file' }),
  ENOTDIR: () => ({ why: 'its path leads through a file', help: 'check the name' }),
  EACCES: (doing) => ({
    why: 'permission denied',
    help: `see to it that it may be ${doing} by the user who runs this`,
  }),
  EEXIST: () => ({
    why: 'it exists already',
    help: 'an existing file is not overwritten; choose another name',
  }),
}

/**
 * The `bad-file` error of a file that cannot be read or written. `what` names it in a message,
 * such as "policy `desk.yaml`"; `cause` is what was thrown.
 */
export function fileFailure(what: string, doing: Doing, cause: unknown): SallyportError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? ''
  const reason = Object.hasOwn(reasons, code) ? reasons[code]!(doing) : undefined
  const { why = messageOf(cause), help = 'check the name and that it may be used' } = reason ?? {}
  return new SallyportError('bad-file', `${what} cannot be ${doing}: ${why}`, { help, cause })
}
