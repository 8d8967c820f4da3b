import type { JsonPrimitive } from '../../base/json.ts'
import { formsIn, formsOfNumber } from './forms.ts'
import { wordsOf } from './words.ts'

/** What a source is looked up by. */
export interface Print {
  readonly words: readonly string[]
  readonly forms: readonly string[]
}

export function printOf(value: JsonPrimitive): Print {
  if (typeof value === 'number') return { words: [], forms: formsOfNumber(value) }
  if (typeof value === 'string') {
    const words = wordsOf(value)
    return { words, forms: [...formsIn(value, words)] }
  }
  return { words: value === null ? [] : [String(value)], forms: [] }
}

/** A value that is trusted for its shape alone is no address, whatever it looks like. */
export function withoutAddresses({ words, forms }: Print): Print {
  return { words, forms: forms.filter((form) => !/^(url|host|email|iban|path):/.test(form)) }
}
