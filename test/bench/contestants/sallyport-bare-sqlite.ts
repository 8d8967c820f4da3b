import { bareSqlite } from '../bare-journals.ts'
import { preparing } from './sallyport.ts'

const journal = bareSqlite()

export const prepare = preparing(() => journal)
