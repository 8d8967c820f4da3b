import type { Property } from './verification.ts'

/** What a look at the records has found. */
export interface Findings {
  /** False when reading stopped at a fault. */
  readonly unbroken: boolean
  readonly records: number
  readonly erased: number
  readonly encrypted: number
  readonly shadowMode: boolean
  /** The run has an end and every call an outcome, as far as was read. */
  readonly whole: boolean
  /** What signed checkpoints say; undefined when no keys were given. */
  readonly signed:
    | {
        readonly attested: number
        readonly tail: number
        /** Records up to a checkpoint that was kept elsewhere. */
        readonly anchored: number
      }
    | undefined
  /** Keys that sign the records, by what they say themselves. */
  readonly signers: readonly string[]
  /** States of it that later runs name, all of which are there; undefined where none was looked at. */
  readonly named: number | undefined
  /** The checkpoints or later runs contradict the records, or cannot be trusted. */
  readonly doubt: boolean
  /** Records up to a head that was kept elsewhere; undefined when it was not given or not met. */
  readonly attested: number | undefined
}

/** What follows from the findings, and what people may think follows but does not. */
export function claimsOf(findings: Findings): readonly Property[] {
  return [
    ...(findings.unbroken ? chainClaims(findings) : brokenClaims),
    ...signatureClaims(findings),
    ...headClaims(findings),
    ...runClaims(findings),
    open(
      'passage',
      'that the agent had no way around the gate: only calls that passed it are recorded',
    ),
    open('truth', 'that clocks were right and people who answered are who they say'),
  ]
}

function chainClaims({
  records,
  encrypted,
  erased,
  shadowMode,
  whole,
}: Findings): readonly Property[] {
  return [
    proved(
      'chain',
      `the ${records} records follow each other without gap, insertion or reordering`,
    ),
    proved(
      'permits',
      shadowMode
        ? 'every tool that was started had been permitted by a recorded decision or answer, or let through by shadow mode'
        : 'every tool that was started had been permitted by a recorded decision or answer',
    ),
    encrypted === 0
      ? proved('payloads', 'every payload that is still there is the one that was recorded')
      : open(
          'payloads',
          `that the ${encrypted} encrypted payloads are the ones that were recorded: their key was not given`,
        ),
    ...(erased > 0 ? [open('payloads', `what the ${erased} erased payloads said`)] : []),
    whole
      ? proved(
          'end',
          'the run has an end, every call that was started has an outcome, and they are as many as the end counted',
        )
      : open('end', 'how the run ended: its end or the outcome of a call is missing'),
  ]
}

const brokenClaims: readonly Property[] = [
  open('chain', 'that the records follow each other: reading stopped at the fault'),
  open('permits', 'that every tool that was started had been permitted'),
  open('payloads', 'that the payloads are the ones that were recorded'),
  open('end', 'how the run ended'),
]

function signatureClaims(findings: Findings): readonly Property[] {
  const { records, unbroken, doubt, signed, signers } = findings
  if (signed === undefined) {
    const named = signers.length === 0 ? '' : ` for \`${signers.join('`, `')}\``
    return [
      open('signatures', `who recorded this: no key${named} was given to check signatures with`),
    ]
  }
  const { attested, tail, anchored } = signed
  if (!unbroken || doubt || attested === 0) {
    const none = { anchored: 0, records }
    return [open('signatures', 'that the signer has seen these records'), ...anchorClaims(none)]
  }
  return [
    proved(
      'signatures',
      `none of the first ${attested} records was changed, removed or reordered after it was signed`,
    ),
    ...(tail > 0
      ? [open('signatures', `the last ${tail} records stand after the last checkpoint`)]
      : []),
    open('signatures', 'that nobody else had the key'),
    ...anchorClaims({ anchored, records }),
  ]
}

function anchorClaims({
  anchored,
  records,
}: {
  anchored: number
  records: number
}): readonly Property[] {
  if (anchored === 0) {
    const statement =
      'that whoever has the key showed nobody another history: no checkpoint of it kept elsewhere was given'
    return [open('anchor', statement)]
  }
  const tail = records - anchored
  return [
    proved(
      'anchor',
      `the first ${anchored} records are those of the checkpoint that was kept elsewhere`,
    ),
    ...(tail > 0
      ? [
          open(
            'anchor',
            `the last ${tail} records stand after the checkpoint that was kept elsewhere`,
          ),
        ]
      : []),
  ]
}

function runClaims({ named, unbroken, doubt }: Findings): readonly Property[] {
  if (named === undefined) {
    return [open('runs', 'that later runs have seen these records: no other run was looked at')]
  }
  if (named === 0) {
    return [open('runs', 'that no run after this one was removed: none that is there names it')]
  }
  return unbroken && !doubt
    ? [proved('runs', 'runs that began later have seen these records, as far as they name them')]
    : [open('runs', 'that runs which began later have seen these records')]
}

function headClaims({ unbroken, records, attested, signed, doubt }: Findings): readonly Property[] {
  if (!unbroken || attested === undefined) {
    const isSigned = unbroken && !doubt && signed !== undefined && signed.attested > 0
    if (isSigned) return []
    return [
      open(
        'authorship',
        'that nobody who can write the journal computed the whole chain anew: no signature and no head kept elsewhere vouches for it',
      ),
      open('head', 'that the last record is unchanged: nothing follows it'),
    ]
  }
  const tail = records - attested
  return [
    proved('head', `the first ${attested} records are those behind the head you named`),
    ...(tail > 0 ? [open('head', `the last ${tail} records stand after the head you named`)] : []),
    open('authorship', 'that the head you named was itself kept safe'),
  ]
}

function proved(name: Property['name'], statement: string): Property {
  return { name, proved: true, statement }
}

function open(name: Property['name'], statement: string): Property {
  return { name, proved: false, statement }
}
