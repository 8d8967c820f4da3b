// Reads answers of growing size over one wire in a process of its own, which can collect garbage.
import type { SizeRow } from './sizes.ts'
import { median } from './statistics.ts'
import { longDelta, wireAnswer, type WireAnswer } from './wire-answers.ts'
import { codecs, inReads, readOwn } from './wire-reading.ts'

const mebibyte = 2 ** 20
const sizes = [1, 4, 16]
/** So many times garbage is collected while an answer is read, to see what is left. */
const looks = 8

const wire = process.argv[2] as WireAnswer['wire']
const rounds = Number(process.argv[3])
const codec = codecs[wire]()
const kinds = ['text', 'arguments', 'one event'] as const

/** An answer whose body has about so many bytes. */
function answerOf(of: (typeof kinds)[number], bytes: number): WireAnswer {
  if (of === 'one event') return longDelta(wire, Math.floor((bytes * 0.9) / copies / 20) * 20)
  const { text } = wireAnswer(wire, of, 1000)
  const [one, other] = [text.length, wireAnswer(wire, of, 2000).text.length]
  return wireAnswer(wire, of, Math.floor((bytes / (other - one)) * 1000))
}

/** How often the text of an answer of one delta is in its body. */
const copies = wire === 'responses' ? 3 : 1

interface Body {
  readonly bytes: number
  readonly reads: readonly Uint8Array[]
  readonly about: Pick<WireAnswer, 'of' | 'length'>
}

/** Outside of the heap; the text it is made of is not kept. */
function bodyOf(answer: WireAnswer): Body {
  const bytes = Buffer.from(answer.text)
  const about = { of: answer.of, length: answer.length }
  return { bytes: bytes.length, reads: inReads(bytes), about }
}

function measure(of: (typeof kinds)[number], size: number): SizeRow {
  const { bytes, reads, about } = bodyOf(answerOf(of, size * mebibyte))
  const cpu = Array.from({ length: rounds }, () => cpuOf(() => readOwn(reads, codec, about)))
  return {
    wire,
    of,
    mebibytes: bytes / mebibyte,
    cpuMs: median(cpu.slice(1)),
    heapBytes: mostHeap(reads, about),
  }
}

/** The most that is alive on the heap while the answer is read, beyond what was there before. */
function mostHeap(reads: readonly Uint8Array[], about: Body['about']): number {
  const step = Math.ceil(reads.length / looks)
  // what earlier rounds have left takes more than one collection to go
  for (let time = 0; time < 4; time++) globalThis.gc!()
  const before = heapAfterCollection()
  let most = 0
  readOwn(reads, codec, about, (at) => {
    if (at % step === step - 1 || at === reads.length - 1) {
      most = Math.max(most, heapAfterCollection() - before)
    }
  })
  return most
}

function heapAfterCollection(): number {
  globalThis.gc!()
  return process.memoryUsage().heapUsed
}

function cpuOf(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

// compiles what every size uses
for (const of of kinds) for (let round = 0; round < 4; round++) measure(of, 1)
process.send!(kinds.flatMap((of) => sizes.map((size) => measure(of, size))))
