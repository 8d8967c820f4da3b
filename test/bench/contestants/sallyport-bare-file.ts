import { bareFile } from '../bare-journals.ts'
import { preparing } from './sallyport.ts'

const journal = bareFile()

export const prepare = preparing(() => journal)
