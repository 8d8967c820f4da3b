import type { JsonValue } from '../base/json.ts'
import { checkText } from '../base/options.ts'
import { checkCatalog } from './catalog.ts'
import { Diagnostics } from './diagnostic.ts'
import type { PolicyFile } from './document.ts'
import { parseJsonTree } from './parse-json.ts'
import { parseSimpleYaml } from './parse-simple-yaml.ts'
import { parseYaml } from './parse-yaml.ts'
import type { PolicyTool } from './policy.ts'
import { readExtends, readFile } from './read-file.ts'
import type { Name } from './shape.ts'
import { Source } from './source.ts'
import { toJson, type Node } from './tree.ts'

export type { PolicyFile }

export interface ReadOptions {
  /** The name to show in messages; nothing is opened. */
  readonly file: string
  /** Values for `${name}` in paths; they win over `vars` of the file. */
  readonly variables?: Readonly<Record<string, string>>
  /** The files that `extends` names, in its order; without them such a file does not load. */
  readonly parents?: readonly PolicyFile[]
  /** The file is read to be a parent: it may leave out `rules` and then only defines. */
  readonly asParent?: boolean
  /** Milliseconds since the epoch; with it, what has expired or soon will is a warning. */
  readonly now?: number
}

/** Longest policy file in UTF-16 code units. */
const maxLength = 4 * 1024 * 1024

/**
 * Reads a policy file: YAML (1.2 core schema) or JSON, at most 4 MiB, nested at most 32 levels.
 * Everything that can be told without a catalogue of tools is checked; unknown keys are errors.
 *
 * Throws `bad-policy` when the file is not usable. The message names the first error as
 * `file:line:column: message`; the details are all findings, each a `Diagnostic`. Throws `bad-option`
 * for what is no text.
 *
 * @example
 * ```ts
 * const text = 'sallyport: 1\nname: desk\nrules: [{ id: look, allow: [look] }]'
 * const file = readPolicy(text, { file: 'desk.yaml' })
 * ```
 */
export function readPolicy(policyText: string, options: ReadOptions): PolicyFile {
  checkText('policyText', policyText)
  const { file, ...rest } = options
  checkText('file', file)
  return openPolicy(policyText, file).complete(rest)
}

export interface CompleteOptions extends Omit<ReadOptions, 'file'> {
  /** What a file is held against also where it has errors, so that all of them are told at once. */
  readonly against?: { readonly tools: readonly PolicyTool[] | undefined }
}

/** A policy whose text is well-formed, of which only its parents have been read. */
export interface OpenPolicy {
  readonly source: Source
  readonly extends: readonly Name[]
  /** The whole file as plain JSON, `tests` included. */
  readonly json: JsonValue
  /** Throws `bad-policy` as `readPolicy` does. */
  complete(options: CompleteOptions): PolicyFile
}

/** The first step of `readPolicy`, after which the parents can be fetched. */
export function openPolicy(policyText: string, file: string): OpenPolicy {
  const source = new Source(file, policyText)
  const syntax = new Diagnostics(source)
  const root = parsePolicyText(policyText, syntax)
  syntax.throwErrors()
  return {
    source,
    extends: readExtends(root!, source),
    get json() {
      return toJson(root!)
    },
    complete({ variables = {}, parents = [], asParent = false, now, against }) {
      const diagnostics = new Diagnostics(source)
      const policy = readFile(root!, diagnostics, { variables, parents, asParent, now })
      if (diagnostics.hasErrors && against !== undefined && policy && hasAllTools(policy, root!)) {
        checkCatalog({ ...policy, warnings: [] }, against.tools, diagnostics)
      }
      diagnostics.throwErrors()
      return { ...policy!, warnings: [...syntax.all(), ...diagnostics.all()] }
    },
  }
}

/** False where a tool could not be read: what names it would seem to name nothing. */
function hasAllTools({ tools }: Pick<PolicyFile, 'tools'>, root: Node): boolean {
  const written = root.kind === 'map' ? root.entries.get('tools')?.value : undefined
  if (written === undefined) return true
  return written.kind === 'map' && written.entries.size === tools?.length
}

/** The tree of a text that policies, or tests of them, are written in; findings say why not. */
export function parsePolicyText(policyText: string, diagnostics: Diagnostics): Node | undefined {
  if (policyText.length > maxLength) {
    const message = `the file has ${policyText.length} characters, at most ${maxLength} are read`
    return diagnostics.error({ start: 0, end: 1 }, 'too-large', message, {
      help: 'divide the policy with `extends`, and tests into files of their own',
    })
  }
  checkCharacters(policyText, diagnostics)
  if (diagnostics.hasErrors) return undefined
  const root = parseTree(policyText, diagnostics)
  if (root !== undefined || diagnostics.hasErrors) return root
  return diagnostics.error({ start: 0, end: 1 }, 'missing-key', 'the file is empty', {
    help: 'a policy needs at least `sallyport: 1`, `name` and `rules`',
  })
}

/** The library reads all that the other two do, slowly, and says what is wrong with the rest. */
function parseTree(policyText: string, diagnostics: Diagnostics): Node | undefined {
  const isJson = /^\s*[[{]/.test(policyText)
  const tree = isJson ? parseJsonTree(policyText, diagnostics) : parseSimpleYaml(policyText)
  return tree !== undefined || diagnostics.hasErrors ? tree : parseYaml(policyText, diagnostics)
}

const unlikely = /[^\t\n\r\x20-\x7e]/
const unwanted = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu

/** What an editor does not show, a reviewer does not see: refused, also in comments. */
function checkCharacters(policyText: string, diagnostics: Diagnostics): void {
  if (!unlikely.test(policyText)) return
  if (!policyText.isWellFormed()) {
    diagnostics.error({ start: 0, end: 1 }, 'invisible', 'the file holds a lone surrogate', {
      help: 'save the file as UTF-8',
    })
    return
  }
  const seen = new Set<string>()
  for (const { 0: character, index } of policyText.matchAll(unwanted)) {
    // a file in another encoding is full of these: one finding says all
    const isForeign = character === '\ufffd' || character === '\0'
    if (isForeign && seen.has(character)) continue
    seen.add(character)
    const codePoint = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    const what =
      index === 0 && codePoint === 'FEFF' ? 'a byte order mark' : `the character U+${codePoint}`
    const span = { start: index, end: index + character.length }
    diagnostics.error(span, 'invisible', `the file holds ${what}`, {
      help: isForeign
        ? 'save the file as UTF-8; where it is meant, write it as an escape in a quoted string'
        : 'remove it; in a quoted string write it as an escape',
    })
  }
}
