import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SallyportError } from '../base/errors.ts'
import { fileFailure } from '../base/file-failure.ts'
import { isObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import { parsed, type Headers } from './cassette-secrets.ts'

/** A request and its answer, without secrets. */
export interface Exchange {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** The parsed body where it is JSON, else its text. */
  readonly request: unknown
  readonly status: number
  readonly headers: Headers
  readonly response: string
}

export interface Tape {
  readonly cassette: 1
  /** Where the traffic went. */
  readonly upstream: string
  readonly exchanges: readonly Exchange[]
}

/** Throws `bad-file` and `bad-cassette`. */
export async function readTape(path: string): Promise<Tape> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw fileFailure(`the cassette \`${shorten(path, 200)}\``, 'read', error)
  }
  const tape = parsed(text)
  if (isTape(tape)) return tape
  throw badCassette(path, 'is none that can be read here', 'record it again')
}

/** Readers see the old tape or the new one, whole. */
export async function writeTape(path: string, tape: Tape): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const beside = `${path}.${process.pid}.new`
    await writeFile(beside, `${JSON.stringify(tape, null, 2)}\n`)
    await rename(beside, path)
  } catch (error) {
    throw fileFailure(`the cassette \`${shorten(path, 200)}\``, 'written', error)
  }
}

export function badCassette(path: string, problem: string, help: string): SallyportError {
  return new SallyportError('bad-cassette', `the cassette \`${shorten(path, 200)}\` ${problem}`, {
    help,
  })
}

function isTape(value: unknown): value is Tape {
  return (
    isObject(value) &&
    value['cassette'] === 1 &&
    typeof value['upstream'] === 'string' &&
    URL.canParse(value['upstream']) &&
    Array.isArray(value['exchanges']) &&
    value['exchanges'].every(isExchange)
  )
}

function isExchange(value: unknown): value is Exchange {
  return (
    isObject(value) &&
    typeof value['method'] === 'string' &&
    typeof value['path'] === 'string' &&
    'request' in value &&
    Number.isInteger(value['status']) &&
    isObject(value['headers']) &&
    Object.values(value['headers']).every((header) => typeof header === 'string') &&
    typeof value['response'] === 'string'
  )
}
