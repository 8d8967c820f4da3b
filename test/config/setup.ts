import { afterAll } from 'vitest'
import { removeTemporaryFolders } from '../support/folder.ts'

afterAll(removeTemporaryFolders)
