import { InvalidArgumentError } from 'commander'

/** A whole number from 1; throws for every other text. */
export function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('give a whole number from 1')
  return Number(text)
}
