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
  ELOOP: () => ({ why: 'its links lead in a circle', help: 'name a file, or mend the links' }),
  EACCES: (doing) => ({
    why: 'permission denied',
    help: `see to it that it may be ${doing} by the user who runs this`,
  }),
  EROFS: () => ({ why: 'its file system is read-only', help: 'choose another folder' }),
  ENOSPC: () => ({ why: 'no space is left', help: 'make room, or choose another folder' }),
  EDQUOT: () => ({ why: 'the quota is used up', help: 'make room, or choose another folder' }),
  EFBIG: () => ({ why: 'it would be too large', help: 'raise the limit on the size of files' }),
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
  const { why, help } = reasonOf(doing, cause, 'check the name and that it may be used')
  return new SallyportError('bad-file', `${what} cannot be ${doing}: ${why}`, { help, cause })
}

/** Whether a file could not be used because it is not there. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT'
}

/** Why a file could not be read or written, and what to do; `help` for what has no repair of its own. */
export function reasonOf(doing: Doing, cause: unknown, help: string): Reason {
  const { code: told = '', syscall } = (cause ?? {}) as NodeJS.ErrnoException
  // a file where a folder is to be made
  const code = told === 'EEXIST' && syscall === 'mkdir' ? 'ENOTDIR' : told
  return Object.hasOwn(reasons, code) ? reasons[code]!(doing) : { why: messageOf(cause), help }
}
