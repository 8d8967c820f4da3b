import type { JsonValue } from '../base/json.ts'
import { redacted } from '../base/redact.ts'
import { codePointBorder } from '../base/text.ts'
import type { OutputRule, Redaction, Stripped } from '../policy/document.ts'
import { compileGlobs } from '../policy/glob.ts'
import type { Pattern } from '../policy/pattern.ts'
import type { Policy } from '../policy/policy.ts'
import type { OutputChange, Refine, RefinedOutput } from '../tools/output.ts'
import { strippable } from './detect/invisible.ts'
import { findCards, findEmails, findIbans, findPhones } from './detect/personal.ts'
import { createSecretDetector } from './detect/secrets.ts'
import { replaceFound, type Detector } from './detect/span.ts'

/** Changes one text, and counts what it changed. */
type Step = (text: string, count: (what: string, by: number) => void) => string

/**
 * What the `output` of a policy does to the results of a tool: all rules about it together;
 * undefined when there is none. What fails blacks out the whole result. `secrets` are values that
 * the host knows to be secret, beside those whose format tells.
 */
export function compileOutput(
  policy: Policy,
  secrets: readonly string[] = [],
): (tool: string) => Refine | undefined {
  const rules = policy.layers
    .flatMap((layer) => layer.document.output)
    .map((rule) => compileRule(rule, secrets))
  return (tool) => {
    const about = rules.filter(({ matches }) => matches(tool))
    if (about.length === 0) return undefined
    // everything is stripped before anything is looked for: it may stand in between
    const steps = [...about.flatMap(({ strip }) => strip), ...about.flatMap(({ redact }) => redact)]
    const sizes = about.map(({ maxBytes }) => maxBytes).filter((size) => size !== undefined)
    const size = sizes.length === 0 ? {} : { maxBytes: Math.min(...sizes) }
    return (value) => ({ ...refineValue(value, steps), ...size })
  }
}

interface CompiledRule {
  matches(tool: string): boolean
  readonly maxBytes: number | undefined
  readonly strip: readonly Step[]
  readonly redact: readonly Step[]
}

function compileRule(rule: OutputRule, secrets: readonly string[]): CompiledRule {
  return {
    matches: compileGlobs(rule.tools),
    maxBytes: rule.maxBytes,
    // its sequences begin with a control character
    strip: [...rule.strip.filter(isAnsi), ...rule.strip.filter((what) => !isAnsi(what))].map(
      stripStep,
    ),
    redact: rule.redact.map((redaction) => redactStep(redaction, secrets)),
  }
}

function isAnsi(what: Stripped): boolean {
  return what === 'ansi'
}

function stripStep(what: Stripped): Step {
  return (text, count) => {
    let rest = text
    for (const pattern of strippable[what]) {
      rest = rest.replaceAll(pattern, () => {
        count(what, 1)
        return ''
      })
    }
    return rest
  }
}

function redactStep(redaction: Redaction, secrets: readonly string[]): Step {
  const { keep } = redaction
  if ('matches' in redaction) {
    return (text, count) => replaceMatches(text, redaction.matches, keep, count)
  }
  const { what } = redaction
  const detect = detectorOf(what, secrets)
  return (text, count) => {
    const replaced = replaceFound(text, detect(text), (part) => blackOut(part, keep))
    if (replaced.count > 0) count(what, replaced.count)
    return replaced.text
  }
}

const detectors = {
  email: findEmails,
  iban: findIbans,
  card: findCards,
  phone: findPhones,
} as const

function detectorOf(
  what: keyof typeof detectors | 'secrets',
  secrets: readonly string[],
): Detector {
  return what === 'secrets' ? createSecretDetector(secrets) : detectors[what]
}

/** A text that the pattern cannot be held against is left in its composed form, or blacked out. */
function replaceMatches(
  text: string,
  pattern: Pattern,
  keep: number,
  count: (what: string, by: number) => void,
): string {
  const normal = text.normalize('NFC')
  const found = pattern.findAll(normal)
  if (found === undefined) {
    count('matches', 1)
    return redacted
  }
  if (found.length === 0) return text
  const replaced = replaceFound(normal, found, (part) => blackOut(part, keep))
  count('matches', replaced.count)
  return replaced.text
}

/** The last characters stay only where most of the value goes. */
function blackOut(part: string, keep: number): string {
  if (part.length < 2 * keep) return redacted
  return redacted + part.slice(codePointBorder(part, part.length - keep))
}

function refineValue(value: JsonValue, steps: readonly Step[]): RefinedOutput {
  const counts = new Map<string, number>()
  const count = (what: string, by: number): void => {
    counts.set(what, (counts.get(what) ?? 0) + by)
  }
  try {
    const refined = refineTexts(value, (text) =>
      steps.reduce((rest, step) => step(rest, count), text),
    )
    const changes = [...counts].map(([what, times]): OutputChange => ({ what, count: times }))
    return { value: refined, changes }
  } catch {
    return { value: redacted, changes: [{ what: 'failed', count: 1 }] }
  }
}

/** A copy with every text changed, names of members included; shares what stays as it is. */
function refineTexts(value: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof value === 'string') return change(value)
  if (typeof value === 'number') {
    const text = String(value)
    const changed = change(text)
    return changed === text ? value : changed
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    return Object.freeze(value.map((item: JsonValue) => refineTexts(item, change)))
  }
  const entries = Object.entries(value).map(([key, member]) => [
    change(key),
    refineTexts(member as JsonValue, change),
  ])
  const copy = Object.fromEntries(entries) as Record<string, JsonValue>
  // a member would be lost, or could not be read again
  if (Object.keys(copy).length !== entries.length || Object.hasOwn(copy, '__proto__')) {
    throw new Error('a name of a member cannot be refined')
  }
  return Object.freeze(copy)
}
