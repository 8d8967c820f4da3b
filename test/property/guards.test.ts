import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/base/json.ts'
import { hasInvisible } from '../../src/gate/detect/invisible.ts'
import { occursIn, packs } from '../../src/gate/detect/packs.ts'
import { findCards, findEmails, findIbans, findPhones } from '../../src/gate/detect/personal.ts'
import { createSecretDetector } from '../../src/gate/detect/secrets.ts'
import { replaceFound } from '../../src/gate/detect/span.ts'
import { compileOutput } from '../../src/gate/output.ts'
import { compilePathGlob } from '../../src/gate/guards/path-globs.ts'
import { fileArea, pathProblem } from '../../src/gate/guards/paths.ts'
import { fileProbe } from '../../src/gate/guards/probe.ts'
import { isPublicAddress } from '../../src/tools/access/address.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expectCases } from '../support/tally.ts'
import { guardsOf } from '../unit/gate/guards/guarded.ts'
import { policyOf } from '../unit/policy/build.ts'

const word = { name: { text: 'git', start: 0, end: 0 }, flags: ['-a'], maxArgs: 3 }
const all = guardsOf(
  {
    paths: [{}, { arg: ['path', '*'], symlinks: 'inside' }],
    network: [{ hosts: ['**'] }],
    commands: [{ programs: [word] }],
    danger: [{ packs: ['secrets', 'sql', 'shell', 'html', 'template', 'invisible'] }],
  },
  { probe: fileProbe, secrets: ['known-value'] },
)

test('guards answer every call and never throw', () => {
  const value = fc.jsonValue({ maxDepth: 4 })
  fc.assert(
    fc.property(value, value, value, fc.string(), (path, url, argv, text) => {
      const args = { path, url, argv, text } as JsonObject
      for (const { effect, reason } of all.check({
        tool: 't',
        args,
        principal: null,
        now: 0,
        at: '',
      })) {
        expect(effect).toBe('deny')
        expect(reason).not.toContain('could not be evaluated')
      }
    }),
    { numRuns: 2000 },
  )
})

const piece = fc.constantFrom(
  'a',
  'b',
  'in',
  'out',
  'up',
  '..',
  '.',
  '',
  '/',
  '...',
  '%2e%2e',
  '．．',
  'f',
  'new',
  '~',
  'a ',
  'A',
)

test('a path that is accepted never leads out of the root, whatever the disk holds', () => {
  const root = realpathSync(temporaryFolder())
  const outside = realpathSync(temporaryFolder())
  mkdirSync(join(root, 'a/b'), { recursive: true })
  mkdirSync(join(outside, 'a'))
  writeFileSync(join(root, 'a/f'), '')
  symlinkSync(outside, join(root, 'out'))
  symlinkSync('../a', join(root, 'a/in'))
  symlinkSync('..', join(root, 'up'))
  symlinkSync('a/b', join(root, 'in'))
  const guard = { tools: [], at: { start: 0, end: 0 }, arg: [], root, deny: [], readOnly: [] }
  const strict = fileArea({ ...guard, symlinks: 'deny' }, '/')
  const following = fileArea({ ...guard, symlinks: 'inside' }, '/')
  const seen = { accepted: 0, 'accepted through a link': 0, refused: 0 }
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 7 }), fc.boolean(), (pieces, absolute) => {
      const path = `${absolute ? `${root}/` : ''}${pieces.join('/')}`
      const problem = pathProblem(following, path, true, fileProbe)
      const stricter = pathProblem(strict, path, true, fileProbe)
      if (problem !== undefined) {
        seen.refused++
        expect(stricter).toBeDefined()
        return
      }
      seen[stricter === undefined ? 'accepted' : 'accepted through a link']++
      // as the system reads it: each part in turn, links followed
      expect(`${realOf(root, path)}${sep}`.startsWith(`${root}${sep}`)).toBe(true)
    }),
    { numRuns: 10_000 },
  )
  expectCases(seen, 50)
})

/** The place the system would open or create, by asking it for one part after the other. */
function realOf(root: string, path: string): string {
  let at = path.startsWith('/') ? '/' : root
  for (const part of path.split('/')) {
    const next = resolve(at, part)
    try {
      at = realpathSync(next)
    } catch {
      at = next
    }
  }
  return at
}

test('a glob over paths matches what a search over all its readings matches', () => {
  const letters = fc.constantFrom('a', 'b', '*')
  const name = fc.array(letters, { minLength: 1, maxLength: 4 }).map((list) => list.join(''))
  const glob = fc.array(fc.oneof(name, fc.constant('**')), { minLength: 1, maxLength: 4 })
  const path = fc.array(
    fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(glob, path, (parts, names) => {
      const clean = parts.map((part) => (part === '**' ? part : part.replaceAll(/\*+/g, '*')))
      expect(compilePathGlob(clean.join('/')).matches(names)).toBe(search(clean, names))
    }),
    { numRuns: 3000 },
  )
})

/** A direct reading: what is left of the glob against what is left of the names. */
function search(glob: readonly string[], names: readonly string[]): boolean {
  const [first, ...rest] = glob
  if (first === undefined || glob.every((part, index) => part === '**' && index > 0)) return true
  if (first === '**') {
    return search(rest, names) || (names.length > 0 && search(glob, names.slice(1)))
  }
  // `x/**` covers x
  const [name, ...below] = names
  if (name === undefined || !new RegExp(`^${first.replaceAll('*', '.*')}$`).test(name)) return false
  return search(rest, below) || rest.every((part) => part === '**')
}

test('an IPv6 address that carries an IPv4 address is public only when that is', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '64:ff9b::'), (address, prefix) => {
      expect(isPublicAddress(`${prefix}${address}`)).toBe(isPublicAddress(address))
    }),
  )
})

test('no known secret is left in any text of a refined result, wherever it stood', () => {
  const secret = 'correct-horse-9'
  const forms = [
    secret,
    Buffer.from(secret).toString('hex'),
    Buffer.from(`a${secret}b`).toString('base64'),
    `${secret.slice(0, 5)}\u200b${secret.slice(5)}`,
  ]
  const output = [
    { tools: ['**'], strip: ['zero-width', 'control'], redact: [{ what: 'secrets' }] },
  ]
  const refine = compileOutput(policyOf({ rules: [], output }), [secret])('t')!
  const text = fc
    .tuple(fc.string(), fc.constantFrom(...forms), fc.string())
    .map((parts) => parts.join(''))
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(text, tie('node'), { maxKeys: 3 }),
    ),
  })).node
  const bytes = Buffer.from(secret)
  fc.assert(
    fc.property(value, (given) => {
      const shown = JSON.stringify(refine(given as JsonObject).value)
      expect(shown).not.toContain(secret)
      expect(shown.toLowerCase()).not.toContain(bytes.toString('hex'))
      // the part of its base64 that is the same wherever it stands behind one byte
      expect(shown).not.toContain(Buffer.from(`a${secret}`).toString('base64').slice(2, 20))
    }),
  )
})

/** Quadratic work on these lengths is 40,000,000,000 steps: minutes, where this takes seconds. */
test('detectors stay linear on repeated beginnings of everything they look for', () => {
  const detect = createSecretDetector(['known-value'])
  const beginnings = [
    'eyJ',
    'eyJaaaaaaaaaaaaaaa.',
    '-----BEGIN PRIVATE KEY-----',
    'postgres://a:',
    '4111 ',
    'DE89',
    'a@',
    'a.',
    '+1 ',
    '<a ',
    '{{',
    '${',
    '<%',
    "' or ",
    ';',
    '`',
    '\u200d',
    '[[${',
    'on',
    'a=',
    '#{a',
  ]
  const run = (text: string): void => {
    for (const find of [detect, findCards, findIbans, findEmails, findPhones]) {
      replaceFound(text, find(text), () => '')
    }
    for (const pack of Object.values(packs)) occursIn(pack, text)
    hasInvisible(text)
  }
  for (const beginning of beginnings) {
    const text = beginning.repeat(Math.ceil(200_000 / beginning.length))
    expect(() => run(text)).not.toThrow()
  }
})
