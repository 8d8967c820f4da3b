import { SallyportError } from '../base/errors.ts'
import { deepFreeze, isObject, type JsonObject } from '../base/json.ts'
import { copyPlain } from '../base/plain.ts'
import { nearest } from '../base/suggest.ts'
import { shorten } from '../base/text.ts'
import { FactsProblem, readFacts } from './facts.ts'
import { badSchema, closeSchema, isClosedTo, pointerProblem, rewriteSchema } from './rewrite.ts'
import { isStandardSchema, jsonSchemaOf, type StandardSchema } from './standard-schema.ts'
import type { Tool, ToolAnnotations, ToolInternals } from './tool.ts'

type Fields = Readonly<Record<string, unknown>>

const namePattern = /^[A-Za-z0-9_.:/-]{1,128}$/
const schemaBounds = { maxLength: 1024 * 1024, maxDepth: 64 }

const known = [
  'name',
  'description',
  'input',
  'output',
  'annotations',
  'facts',
  'requires',
  'timeoutMs',
  'retry',
  'concurrencyKey',
  'sensitive',
  'editable',
  'maxResultBytes',
  'execute',
  'reconcile',
] as const

/** The data of a tool: everything of it but its brand. */
export type ToolData = { [Key in keyof Tool as Key extends symbol ? never : Key]: Tool[Key] }

/** Checks every field of a definition; throws `bad-tool` or `bad-schema` at the first problem. */
export function readDefinition(definition: object): ToolInternals & { readonly data: ToolData } {
  const fields = onlyKnown({ ...definition }, known, 'a tool definition')
  const name = readName(fields['name'])
  const reader = new DefinitionReader(name, fields)
  return reader.read()
}

function readName(name: unknown): string {
  if (typeof name === 'string' && namePattern.test(name)) return name
  throw badTool(
    `a tool cannot be named \`${shorten(String(name), 128)}\``,
    'use 1 to 128 characters out of `A-Z a-z 0-9 _ . : / -`',
  )
}

class DefinitionReader {
  readonly #name: string
  readonly #fields: Fields

  constructor(name: string, fields: Fields) {
    this.#name = name
    this.#fields = fields
  }

  read(): ToolInternals & { readonly data: ToolData } {
    const annotations = this.#annotations()
    const input = this.#input(annotations)
    const data: ToolData = {
      name: this.#name,
      description: this.#description(),
      input,
      output: this.#output(),
      annotations,
      facts: this.#facts(annotations, input),
      requires: this.#requires(),
      timeoutMs: this.#whole('timeoutMs', this.#fields['timeoutMs'], 30_000, 1, 3_600_000),
      retry: this.#retry(annotations),
      sensitive: this.#pointers('sensitive', input),
      editable: this.#pointers('editable', input),
      maxResultBytes: this.#whole(
        'maxResultBytes',
        this.#fields['maxResultBytes'],
        65_536,
        256,
        16 * 1024 * 1024,
      ),
      concurrencyKey: this.#optionalFunction('concurrencyKey') as Tool['concurrencyKey'],
    }
    return { data, ...this.#functions() }
  }

  #functions(): ToolInternals {
    const implementation = this.#optionalFunction('execute')
    if (implementation === undefined) throw this.#bad('has no function `execute`')
    return {
      implementation: implementation as ToolInternals['implementation'],
      reconciler: this.#optionalFunction('reconcile') as ToolInternals['reconciler'],
      inputLibrary: library(this.#fields['input']),
      outputLibrary: library(this.#fields['output']),
    }
  }

  #bad(problem: string, help = shapeHelp): SallyportError {
    return badTool(`the tool \`${this.#name}\` ${problem}`, help)
  }

  #description(): string {
    const text = this.#fields['description']
    if (typeof text !== 'string' || !text.isWellFormed() || text.length > 16_384) {
      throw this.#bad('needs a `description` of at most 16384 characters')
    }
    return text
  }

  #input(annotations: ToolAnnotations): JsonObject {
    const schema = this.#schema('input')
    const typed = Object.hasOwn(schema, 'type') ? schema : { type: 'object', ...schema }
    if (typed['type'] !== 'object') {
      throw badSchema('/type', `the arguments of \`${this.#name}\` are always one object`, {
        help: 'write `type: "object"` and put the value into a member',
      })
    }
    return Object.freeze(annotations.readOnly ? typed : closeSchema(typed))
  }

  #output(): JsonObject | undefined {
    return this.#fields['output'] === undefined ? undefined : this.#schema('output')
  }

  /** A frozen copy, so that a schema cannot change after it was checked. */
  #schema(side: 'input' | 'output'): JsonObject {
    const given = this.#fields[side]
    const schema = isStandardSchema(given) ? jsonSchemaOf(given, side) : given
    if (!isObject(schema)) throw this.#bad(`needs an \`${side}\` that is a JSON Schema object`)
    const copy = copyPlain(schema, schemaBounds)
    if (!copy.ok) throw badSchema('', copy.message)
    rewriteSchema(copy.value as JsonObject)
    return copy.value as JsonObject
  }

  #annotations(): ToolAnnotations {
    const names = ['readOnly', 'destructive', 'idempotent', 'openWorld'] as const
    const given = this.#section('annotations', names)
    for (const name of names) {
      if (given[name] !== undefined && typeof given[name] !== 'boolean') {
        throw this.#bad(`has an annotation \`${name}\` that is not a boolean`)
      }
    }
    const readOnly = given['readOnly'] === true
    if (readOnly && given['destructive'] === true) {
      throw this.#bad('cannot be both `readOnly` and `destructive`')
    }
    return Object.freeze({
      readOnly,
      destructive: (given['destructive'] as boolean | undefined) ?? !readOnly,
      idempotent: given['idempotent'] === true,
      openWorld: given['openWorld'] !== false,
    })
  }

  #facts(annotations: ToolAnnotations, input: JsonObject): Tool['facts'] {
    const given = this.#fields['facts']
    if (given === undefined) return Object.freeze({})
    if (!isObject(given)) throw this.#bad('has `facts` that is not an object')
    const facts = this.#readFacts(given)
    if (annotations.readOnly && (facts.kind === 'write' || facts.kind === 'destructive')) {
      throw this.#bad(`cannot be \`readOnly\` and of the kind \`${facts.kind}\``)
    }
    const strange = Object.keys(facts.args ?? {}).find((name) => isClosedTo(input, name))
    if (strange !== undefined) {
      const named = `\`facts.args\` for \`${shorten(strange, 64)}\``
      throw this.#bad(`has ${named}, which names nothing in the schema of the arguments`, argsHelp)
    }
    return deepFreeze(facts)
  }

  #readFacts(given: Fields): Tool['facts'] {
    try {
      return readFacts(given)
    } catch (error) {
      if (error instanceof FactsProblem) throw this.#bad(error.message)
      throw error
    }
  }

  #requires(): Tool['requires'] {
    const given = this.#section('requires', ['scopes', 'roles'])
    return Object.freeze({
      scopes: this.#strings('requires.scopes', given['scopes']),
      roles: this.#strings('requires.roles', given['roles']),
    })
  }

  #retry({ idempotent }: ToolAnnotations): Tool['retry'] {
    const given = this.#section('retry', ['attempts', 'delayMs'])
    const attempts = this.#whole('retry.attempts', given['attempts'], 1, 1, 10)
    if (attempts > 1 && !idempotent) {
      throw this.#bad('has `retry.attempts` above 1 but is not idempotent', idempotencyHelp)
    }
    const delayMs = this.#whole('retry.delayMs', given['delayMs'], 100, 0, 60_000)
    return Object.freeze({ attempts, delayMs })
  }

  #pointers(name: 'sensitive' | 'editable', input: JsonObject): readonly string[] {
    const pointers = this.#strings(name, this.#fields[name])
    for (const pointer of pointers) {
      const problem = pointerProblem(input, pointer)
      if (problem !== undefined) {
        throw this.#bad(
          `has in \`${name}\` the pointer \`${shorten(pointer, 120)}\`, which ${problem}`,
        )
      }
    }
    return pointers
  }

  #section(name: string, keys: readonly string[]): Fields {
    const given = this.#fields[name]
    if (given === undefined) return {}
    if (!isObject(given)) throw this.#bad(`has \`${name}\` that is not an object`)
    return onlyKnown(given, keys, `\`${name}\` of \`${this.#name}\``)
  }

  #strings(name: string, value: unknown): readonly string[] {
    if (value === undefined) return Object.freeze([])
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw this.#bad(`has \`${name}\` that is not a list of strings`)
    }
    return Object.freeze([...(value as string[])])
  }

  #whole(name: string, value: unknown, fallback: number, least: number, most: number): number {
    if (value === undefined) return fallback
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number
    }
    throw this.#bad(
      `needs \`${name}\` as a whole number from ${least} to ${most}`,
      'write such a number, or leave it out for the default',
    )
  }

  #optionalFunction(name: 'execute' | 'concurrencyKey' | 'reconcile'): unknown {
    const value = this.#fields[name]
    if (value === undefined) return undefined
    if (typeof value === 'function') return value.bind(this.#fields)
    throw this.#bad(`has \`${name}\` that is not a function`)
  }
}

const shapeHelp =
  "a tool is `{ name, description, input: { type: 'object', properties }, execute: (args, context) => result }`; what else it may have, `ToolDefinition` says"

const argsHelp = 'write the name as the schema of `input` does'

const idempotencyHelp =
  'set `annotations.idempotent` if a second call with the same arguments does no harm'

function library(schema: unknown): StandardSchema | undefined {
  return isStandardSchema(schema) ? schema : undefined
}

function onlyKnown(given: Fields, keys: readonly string[], what: string): Fields {
  for (const key of Object.keys(given)) {
    if (keys.includes(key)) continue
    const near = nearest(key, keys)
    throw badTool(
      `${what} has no member \`${shorten(key, 64)}\``,
      near === undefined ? `the members are ${list(keys)}` : `write \`${near}\` instead`,
    )
  }
  return given
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ')
}

function badTool(message: string, help: string): SallyportError {
  return new SallyportError('bad-tool', message, { help })
}
