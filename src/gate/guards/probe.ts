import { lstatSync, realpathSync } from 'node:fs'
import type { FileProbe } from './links.ts'

/** Looks at the disk of this machine. */
export const fileProbe: FileProbe = {
  kindOf(path) {
    try {
      const found = lstatSync(path, { throwIfNoEntry: false })
      if (found === undefined) return 'absent'
      return found.isSymbolicLink() ? 'link' : 'other'
    } catch (error) {
      // below a file there is nothing
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return 'absent'
      throw error
    }
  },
  realPath: (path) => realpathSync.native(path),
}
