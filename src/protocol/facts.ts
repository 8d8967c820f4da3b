/** What a tool does to the world. */
export type ToolKind = 'read' | 'write' | 'destructive' | 'exec' | 'network'

/** Where the arguments of a call end up. */
export type Sink = 'none' | 'internal' | 'external' | 'public'

export type Trust = 'trusted' | 'untrusted'

/** From the most open to the most closed. */
export type Secrecy = 'public' | 'internal' | 'private' | 'secret'

/** Shapes that cannot hold an instruction. */
export type Endorsement = 'identifier' | 'integer' | 'number' | 'boolean' | 'date' | 'enum'

/** What a value means, which decides how it is compared and what it must not hold. */
export type ArgumentForm =
  | 'text'
  | 'path'
  | 'url'
  | 'host'
  | 'email'
  | 'iban'
  | 'argv'
  | 'sql'
  | 'money'
  | 'date'
  | 'id'

/** A mark on data that comes out of a tool. */
export interface OutputLabel {
  readonly trust?: Trust
  readonly secrecy?: Secrecy
  /** Values of exactly this shape count as trusted even from an untrusted source. */
  readonly endorse?: Endorsement
}

/** What a policy has to know about one argument. */
export interface ArgumentFacts {
  /** Chooses who, where or what is affected: has to come from a trusted source. */
  readonly steers?: boolean
  /** Content that leaves with the call. */
  readonly carries?: boolean
  readonly is?: ArgumentForm
  /** Globs of tools: a value one of them has listed as an id counts as trusted. */
  readonly idsFrom?: readonly string[]
  /**
   * Globs of tools: a value in a result of one of them counts as trusted when the user named all
   * that this call was to read (`the address is in move.txt`).
   */
  readonly fromNamed?: readonly string[]
  /** Values the policy knows for this argument; in what it carries, links. */
  readonly known?: readonly string[]
}

/** What a policy has to know about a tool. Rules grant; facts only restrict. */
export interface ToolFacts {
  readonly kind?: ToolKind
  readonly sink?: Sink
  readonly output?: OutputLabel
  /** By JSON pointer into the result; `*` stands for one index or key. */
  readonly fields?: Readonly<Record<string, OutputLabel>>
  /** By top-level argument name. */
  readonly args?: Readonly<Record<string, ArgumentFacts>>
}

/** The labels of what a tool returns. */
export type OutputFacts = Pick<ToolFacts, 'output' | 'fields'>

/** What a text is that a model wrote about others: as untrusted and as closed as they were. */
export interface TextLabel {
  readonly trust: Trust
  readonly secrecy: Secrecy
}

/** From the most open to the most closed. */
export const secrecyLevels: readonly Secrecy[] = ['public', 'internal', 'private', 'secret']

/** Of something that may be any part of a result; `private` at least where the whole states none. */
function strictestSecrecy({ output, fields = {} }: OutputFacts): Secrecy {
  const stated = [
    output?.secrecy ?? 'private',
    ...Object.values(fields).map((each) => each.secrecy),
  ]
  return secrecyLevels.findLast((level) => stated.includes(level))!
}

/**
 * What is left of labels where it is not known what the tool was asked, or what of the result is
 * where: no part of it vouches for anything.
 */
export function vouchingForNothing(facts: OutputFacts): OutputFacts {
  return { output: { trust: 'untrusted', secrecy: strictestSecrecy(facts) } }
}
