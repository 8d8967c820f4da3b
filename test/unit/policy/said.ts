import type { Diagnostic } from '../../../src/policy/diagnostic.ts'
import { readPolicy, type ReadOptions } from '../../../src/policy/read.ts'
import { findings } from './build.ts'

/**
 * All that is said about a policy text, line by line: for each finding where it stands, its code and
 * message, then its help, the text that would mend it, and whether it hides what stands there.
 */
export function saidOf(text: string, options: Omit<ReadOptions, 'file'> = {}): readonly string[] {
  let warnings: readonly Diagnostic[] = []
  const errors = findings(() => {
    ;({ warnings } = readPolicy(text, { file: 'p', ...options }))
  })
  return linesOf([...errors, ...warnings])
}

/** The same of findings that were collected otherwise. */
export function linesOf(found: readonly Diagnostic[]): readonly string[] {
  return found.flatMap(({ code, severity, message, help, file, range, suggestion, secret }) => [
    `${file === 'p' ? '' : `${file}:`}${placeOf(range)} ${severity === 'error' ? '' : '(warning) '}${code}: ${message}`,
    ...(help === undefined ? [] : [`help: ${help}`]),
    ...(suggestion === undefined ? [] : [`try: ${suggestion}`]),
    ...(secret === undefined ? [] : [`secret: ${secret}`]),
  ])
}

/** `line:from-to`, or `line:column-line:column` where it is more than one line. */
function placeOf({ start, end }: Diagnostic['range']): string {
  const until = end.line === start.line ? `${end.column}` : `${end.line}:${end.column}`
  return `${start.line}:${start.column}-${until}`
}

const head = 'sallyport: 1\nname: t\n'
const file = (lines: string): string => `${head}rules: []\n${lines}\n`
const rule = (keys: string): string => `${head}rules: [{ id: a, ${keys} }]\n`
const issuer = 'issuer: i, audience: [a], algorithms: [ES256], jwksFile: k'
const hash = `sha256:${'0'.repeat(64)}`

const places: Readonly<Record<string, (written: string) => string>> = {
  text: (written) => written,
  file,
  top: (lines) => `${head}${lines}\n`,
  rules: (written) => `${head}rules: [${written}]\n`,
  rule,
  argument: (test) => rule(`deny: [t], args: { x: ${test} }`),
  limit: (keys) => file(`limits: [{ id: l, tools: [t], per: session, ${keys} }]`),
  sequence: (keys) => file(`sequences: [{ id: s, ${keys} }]`),
  output: (keys) => file(`output: [{ tools: [t], ${keys} }]`),
  issuer: (keys) => file(`identity: { jwt: [{ ${keys} }] }`),
  'whole issuer': (keys) => file(`identity: { jwt: [{ ${issuer}, ${keys} }] }`),
  'API key': (keys) => file(`identity: { apiKeys: [{ ${keys} }] }`),
  'whole API key': (keys) => file(`identity: { apiKeys: [{ id: k, hash: '${hash}', ${keys} }] }`),
  test: (keys) => file(`tests: [{ name: n, expect: deny, ${keys} }]`),
}

/** A policy in which something stands at the place that is named. */
export function wrap(place: string, written: string): string {
  return places[place]!(written)
}
