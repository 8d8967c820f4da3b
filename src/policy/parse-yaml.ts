import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import { shorten, visible } from '../base/text.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { Span } from './source.ts'
import { Entries, forbiddenKeys, maxDepth, type Node } from './tree.ts'

/** Aliases save typing in tests; many of them are an attack on the reader. */
const maxAliases = 50

type Library = typeof Yaml
let library: Library | undefined

/** Loaded on the first YAML text: a host that never reads one does not pay for it. */
function yaml(): Library {
  return (library ??= createRequire(import.meta.url)('yaml') as Library)
}

/**
 * YAML 1.2 core schema to a tree. Whatever two readers could read differently, and whatever can
 * make the reader work beyond the size of the text, is a finding: merge keys, tags, directives,
 * several documents, nested aliases, numbers that would be altered.
 */
export function parseYaml(text: string, diagnostics: Diagnostics): Node | undefined {
  const composer = new (yaml().Composer)({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    strict: true,
    stringKeys: true,
    // told by the converter: the library compares every key with every other
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const documents = [...composer.compose(tokens(text, diagnostics), true, text.length)]
  const document = documents[0]
  for (const { errors, warnings } of documents) {
    for (const problem of [...errors, ...warnings]) report(problem, diagnostics)
  }
  if (documents.length > 1) {
    diagnostics.error({ start: 0, end: 1 }, 'directive', 'the file holds more than one document', {
      help: 'write one policy per file',
    })
  }
  if (document?.directives?.yaml.explicit === true || text.startsWith('%')) {
    diagnostics.error({ start: 0, end: 1 }, 'directive', 'a YAML directive is not accepted', {
      help: 'remove the line; policies are always YAML 1.2',
    })
  }
  const contents = document?.contents ?? null
  if (diagnostics.hasErrors || document === undefined || contents === null) return undefined
  return new Converter(document, diagnostics).convert(contents, 0, [])
}

const lexerMarks = new Set(['\u0002', '\u0018', '\u001f'])

/**
 * The tokens of the text, up to the place where the nesting is too deep: parser and composer become
 * slow, then overflow the stack, on thousands of open brackets.
 */
function* tokens(text: string, diagnostics: Diagnostics): Generator<Yaml.CST.Token> {
  const parser = new (yaml().Parser)()
  let offset = 0
  let flow = 0
  let indicators = 0
  let isScalar = false
  for (const lexeme of new (yaml().Lexer)().lex(text)) {
    if (isScalar) isScalar = false
    else if (lexeme === '\u001f') isScalar = true
    else if (lexeme === '[' || lexeme === '{') flow++
    else if (lexeme === ']' || lexeme === '}') flow--
    else if (lexeme === '-' || lexeme === '?') indicators++
    else if (lexeme.endsWith('\n')) indicators = 0
    if (flow > maxDepth || indicators > maxDepth) {
      tooDeep({ start: offset, end: offset + 1 }, diagnostics)
      return
    }
    if (!lexerMarks.has(lexeme)) offset += lexeme.length
    yield* parser.next(lexeme)
  }
  yield* parser.end()
}

function tooDeep(span: Span, diagnostics: Diagnostics): undefined {
  const message = `the file is nested deeper than ${maxDepth} levels`
  return diagnostics.error(span, 'too-deep', message, {
    help: 'no part of a policy needs as many: take levels out',
  })
}

/** How to mend what is written wrong most often, by the code of the library. */
const repairs: Partial<Readonly<Record<Yaml.ErrorCode, string>>> = {
  BAD_ALIAS: 'put a text that begins with `*` or `&`, such as a glob, into quotes',
  BAD_DQ_ESCAPE: 'double the backslash, or put the text, such as a pattern, into single quotes',
  MULTILINE_IMPLICIT_KEY:
    'write a key on one line with a space behind its colon, texts with `: ` in quotes',
  TAB_AS_INDENT: 'indent with spaces',
}

function report(problem: Yaml.YAMLError, diagnostics: Diagnostics): void {
  const span = { start: problem.pos[0], end: problem.pos[1] }
  switch (problem.code) {
    case 'TAG_RESOLVE_FAILED':
      diagnostics.error(span, 'tag', 'a tag is not accepted', { help: 'remove the tag' })
      break
    case 'RESOURCE_EXHAUSTION':
      tooDeep(span, diagnostics)
      break
    default: {
      // the library quotes what it did not expect, however much that is
      const message = shorten(problem.message, 200)
      diagnostics.error(span, 'syntax', message.charAt(0).toLowerCase() + message.slice(1), {
        help:
          repairs[problem.code] ??
          'mend the YAML here; texts with `: `, ` #` or brackets in them stand in quotes',
      })
    }
  }
}

/** A key without a value has a child that is null. */
type Child = Yaml.ParsedNode | null

class Converter {
  readonly #document: Yaml.Document.Parsed
  readonly #diagnostics: Diagnostics
  #aliases = 0

  constructor(document: Yaml.Document.Parsed, diagnostics: Diagnostics) {
    this.#document = document
    this.#diagnostics = diagnostics
  }

  /** `path` holds the top-level key and whether an alias is being followed. */
  convert(node: Child, depth: number, path: readonly string[]): Node | undefined {
    const at = spanOf(node)
    if (depth > maxDepth) return tooDeep(at, this.#diagnostics)
    if (yaml().isAlias(node)) return this.#alias(node, depth, path)
    if (node?.tag !== undefined) {
      const message = `the tag \`${visible(node.tag)}\` is not accepted`
      return this.#diagnostics.error(at, 'tag', message, { help: 'remove the tag' })
    }
    if (yaml().isMap<Yaml.ParsedNode, Child>(node)) return this.#map(node, at, depth, path)
    if (yaml().isSeq<Yaml.ParsedNode>(node)) return this.#list(node, at, depth, path)
    return this.#scalar(yaml().isScalar(node) ? node.value : null, at)
  }

  #map(
    node: Yaml.YAMLMap<Yaml.ParsedNode, Child>,
    at: Span,
    depth: number,
    path: readonly string[],
  ): Node {
    const entries = new Entries()
    const seen = new Set<string>()
    for (const pair of node.items) {
      const key = spanOf(pair.key)
      const name = this.#key(pair.key, key, seen)
      if (name === undefined) continue
      const value = this.convert(pair.value, depth + 1, depth === 0 ? [name] : path)
      if (value !== undefined) entries.add(name, placed(value, key), key)
    }
    return { kind: 'map', entries, ...at }
  }

  #key(node: Yaml.ParsedNode, at: Span, seen: Set<string>): string | undefined {
    const name = yaml().isScalar(node) ? node.value : undefined
    if (typeof name !== 'string' || node.tag !== undefined) {
      return this.#diagnostics.error(at, 'wrong-type', 'a key has to be a plain string', {
        help: 'put it in quotes, such as `"10"`; lists and mappings are no keys',
      })
    }
    if (!name.isWellFormed()) {
      return this.#diagnostics.error(at, 'bad-value', 'the key holds a lone surrogate', {
        help: 'remove the escape of half a character',
      })
    }
    if (name === '<<') {
      return this.#diagnostics.error(at, 'merge-key', 'a merge key is not accepted', {
        help: 'write the keys out',
      })
    }
    if (forbiddenKeys.has(name)) {
      return this.#diagnostics.error(at, 'forbidden-key', `the key \`${name}\` is not accepted`, {
        help: 'remove it: no name of what objects inherit is a key',
      })
    }
    if (seen.has(name)) {
      const message = 'the key occurs twice in one mapping'
      return this.#diagnostics.error(at, 'duplicate-key', message, { help: 'keep one of them' })
    }
    seen.add(name)
    return name
  }

  #list(
    node: Yaml.YAMLSeq<Yaml.ParsedNode>,
    at: Span,
    depth: number,
    path: readonly string[],
  ): Node {
    const items = node.items.map((item) => this.convert(item, depth + 1, path))
    return { kind: 'list', items: items.filter((item) => item !== undefined), ...at }
  }

  #scalar(value: unknown, at: Span): Node | undefined {
    switch (typeof value) {
      case 'number':
        if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) {
          return { kind: 'scalar', value, ...at }
        }
        return this.#diagnostics.error(at, 'bad-value', 'the number cannot be held exactly', {
          help: 'write a finite number within 2^53-1, or a string',
        })
      case 'string':
        if (value.isWellFormed()) return { kind: 'scalar', value, ...at }
        return this.#diagnostics.error(at, 'bad-value', 'the text holds a lone surrogate', {
          help: 'remove the escape of half a character',
        })
      case 'boolean':
        return { kind: 'scalar', value, ...at }
      default:
        return { kind: 'scalar', value: null, ...at }
    }
  }

  #alias(node: Yaml.Alias.Parsed, depth: number, path: readonly string[]): Node | undefined {
    const at = spanOf(node)
    if (path[0] !== 'tests') {
      return this.#diagnostics.error(at, 'alias', 'an alias is only accepted inside of `tests`', {
        help: 'write the value out; a text that begins with `*`, such as a glob, stands in quotes',
      })
    }
    this.#aliases++
    if (this.#aliases > maxAliases) {
      if (this.#aliases > maxAliases + 1) return undefined
      return this.#diagnostics.error(
        at,
        'alias',
        `the file holds more than ${maxAliases} aliases`,
        {
          help: 'write the values out',
        },
      )
    }
    const target = node.resolve(this.#document)
    if (target === undefined) {
      return this.#diagnostics.error(at, 'alias', 'an alias names nothing that stands before it', {
        help: 'put the anchor `&name` in front of the value, above the alias `*name`',
      })
    }
    if (path.length > 1) {
      return this.#diagnostics.error(
        at,
        'alias',
        'an alias names a value that holds another alias',
        {
          help: 'write the inner value out',
        },
      )
    }
    const value = this.convert(target as Yaml.ParsedNode, depth, [...path, 'alias'])
    return value === undefined ? undefined : { ...value, ...at }
  }
}

/** A value without text of its own (`key:` and nothing) is shown at its key. */
function placed(value: Node, key: Span): Node {
  return value.end > value.start ? value : { ...value, ...key }
}

function spanOf(node: Yaml.ParsedNode | Yaml.Alias.Parsed | null): Span {
  const range = node?.range
  return range == null ? { start: 0, end: 0 } : { start: range[0], end: range[1] }
}
