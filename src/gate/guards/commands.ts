import { isAbsolute } from 'node:path'
import type { JsonValue } from '../../base/json.ts'
import { isVisible } from '../../base/text.ts'
import type { CommandGuard, ProgramGuard } from '../../policy/document.ts'

const maxItems = 1001

/**
 * A check of argument vectors: what is wrong, as the rest of a sentence. The first item is a
 * program of the table by exactly its name there; flags are those of its list, the first argument
 * that is no flag is one of its subcommands where it has any and no flag can take it away, and
 * nothing is read by a shell.
 */
export function compileCommands(guard: CommandGuard): (argv: JsonValue) => string | undefined {
  const programs = new Map(
    guard.programs.map((program) => [program.name.text, compileProgram(program)]),
  )
  const known = `the programs are ${[...programs.keys()].map((name) => `\`${name}\``).join(', ')}`
  return (argv) => {
    const items = readItems(argv)
    if (typeof items === 'string') return items
    const [name, ...rest] = items as [string, ...string[]]
    const check = programs.get(name)
    if (check !== undefined) return check(rest)
    if (name.includes('=')) return `begins with an assignment; the environment is fixed; ${known}`
    const other = isAbsolute(name) ? 'by an absolute path that is not listed' : 'not on the list'
    return `runs a program that is ${other}; ${known}`
  }
}

function readItems(argv: JsonValue): readonly string[] | string {
  if (!Array.isArray(argv)) return 'is not a list of a program and its arguments'
  const items: readonly unknown[] = argv
  if (items.length === 0 || items.length > maxItems) return `needs 1 to ${maxItems} items`
  if (!items.every((item) => typeof item === 'string')) return 'holds an item that is not a text'
  return items.every(isVisible) ? items : 'holds a control or invisible character'
}

function compileProgram(program: ProgramGuard): (items: readonly string[]) => string | undefined {
  const { maxArgs, subcommands } = program
  const name = `\`${program.name.text}\``
  const isListed = compileFlags(program.flags)
  const flags = program.flags.length === 0 ? 'none' : program.flags.join(', ')
  return (items) => {
    if (items.length > maxArgs) return `has more than ${maxArgs} arguments of ${name}`
    const before = program.flags.includes('--') ? beforeEndOfFlags(items) : items
    if (before.some((item) => isFlag(item) && !isListed(item))) {
      return `has a flag that is not on the list of ${name}; its flags are ${flags}`
    }
    if (subcommands === undefined) return undefined
    const first = before.findIndex((item) => !isFlag(item))
    if (first < 0 || !subcommands.includes(before[first]!)) {
      return `has no subcommand that is on the list of ${name}; its subcommands are ${subcommands.join(', ')}`
    }
    return before.slice(0, first).some(mayTakeNext)
      ? `has a flag in front of the subcommand of ${name}, which could take it for its value; write the flag behind it or as \`--name=value\``
      : undefined
  }
}

/**
 * What is surely held against the flags: all of it where a flag could take the `--` behind it for a
 * value, since the program then reads on for flags.
 */
function beforeEndOfFlags(items: readonly string[]): readonly string[] {
  const end = items.indexOf('--')
  const before = items.slice(0, end)
  return end < 0 || before.some(mayTakeNext) ? items : before
}

/** A flag that does not bring its value along; which flags have one only the program knows. */
function mayTakeNext(item: string): boolean {
  return isFlag(item) && !/^--[^=]+=/.test(item)
}

/** A single `-` is a place: standard input. */
function isFlag(item: string): boolean {
  return item.startsWith('-') && item !== '-'
}

/**
 * A flag is listed by its whole name; `--name=value` by `--name` and by itself, and `-abc` by
 * `-a`, `-b` and `-c`, unless the program has longer names behind one dash. Programs take a part
 * of a long name for the whole and a letter's rest for its value: neither is listed.
 */
function compileFlags(flags: readonly string[]): (item: string) => boolean {
  const listed = new Set(flags)
  const bundles = !flags.some((flag) => /^-[^-]./.test(flag))
  return (item) => {
    if (listed.has(item)) return true
    if (item.startsWith('--')) return item.includes('=') && listed.has(item.split('=', 1)[0]!)
    return (
      bundles &&
      item
        .slice(1)
        .split('')
        .every((one) => listed.has(`-${one}`))
    )
  }
}
