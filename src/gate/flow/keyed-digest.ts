import { hash } from 'node:crypto'

/** 48 bits of a digest that nobody can compute, or guess values with, who does not have the key. */
export type KeyedDigest = (text: string) => number

/**
 * SHA-256 over key and text, cut to what a number holds. Two of a million different texts meet by
 * chance once in six hundred sessions; nobody can look for such a pair without the key.
 */
export function keyedDigest(key: string): KeyedDigest {
  return (text) => hash('sha256', key + text.toWellFormed(), 'buffer').readUIntBE(0, 6)
}
