/** A call as the model streams it. */
export interface BenchCall {
  readonly id: string
  readonly tool: string
  readonly argumentFragments: readonly string[]
  /** What the result sent back must contain: proof that the tool saw the whole argument. */
  readonly proof: string
}

/** One model response: text first, then calls. */
export interface BenchTurn {
  readonly text: readonly string[]
  readonly calls: readonly BenchCall[]
}

/** What a run must have done to count. */
export interface Expectation {
  readonly characters: number
  readonly executions: number
}

export interface Scenario {
  readonly id: string
  readonly about: string
  /** Runs in flight, one table row each. */
  readonly concurrency: readonly number[]
  /** Highest accepted ratio of CPU per run to the bare loop; without it none is judged. */
  readonly bar?: number
  /** Every event carries a field that changes, as OpenAI pads them. */
  readonly padded?: boolean
  readonly turns: () => readonly BenchTurn[]
}

/** Length of one delta of text and of arguments, in characters. */
const fragmentLength = 4

const vocabulary =
  'the order left our house on monday and will reach you within three days "O-7" is paid in full'.split(
    ' ',
  )

/** Deltas as providers send them: a word each, a line break and a non-ASCII character at times. */
function words(count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const word = vocabulary[at % vocabulary.length]!
    return at % 40 === 39 ? `${word}.\n` : at % 200 === 100 ? ` – ${word}` : ` ${word}`
  })
}

function fragments(text: string): string[] {
  const parts: string[] = []
  for (let at = 0; at < text.length; at += fragmentLength) {
    parts.push(text.slice(at, at + fragmentLength))
  }
  return parts
}

function lookup(index: number): BenchCall {
  const order = `O-${1000 + index}`
  const args = {
    order,
    amount: 20 + (index % 60),
    note: 'customer asks where the parcel is, reply soon',
  }
  return {
    id: `call_lookup${String(index).padStart(16, '0')}`,
    tool: 'lookup_order',
    argumentFragments: fragments(JSON.stringify(args)),
    proof: order,
  }
}

function save(bytes: number): BenchCall {
  const sentence = 'The parcel "O-7" left our house and reaches the customer in three days.\n'
  const document = sentence.repeat(Math.ceil(bytes / sentence.length)).slice(0, bytes)
  return {
    id: 'call_save0000000000000000',
    tool: 'save_document',
    argumentFragments: fragments(JSON.stringify({ document })),
    proof: String(document.length),
  }
}

/** One look-up after the other, each with a long result. */
function longHistory(turns: number): Scenario {
  return {
    id: `s3-${turns}`,
    about: `${turns} turns of one tool with results of 1 KiB`,
    concurrency: [1],
    turns: () =>
      Array.from({ length: turns }, (_, at) =>
        at === turns - 1 ? { text: words(5), calls: [] } : { text: words(3), calls: [lookup(at)] },
      ),
  }
}

const deltas = 20_000

function bigArgument(id: string, bytes: number, bar: number): Scenario {
  return {
    id,
    about: `2 turns, one argument of ${bytes / 1024} KiB in ${fragmentLength}-byte fragments`,
    concurrency: [1],
    bar,
    turns: () => [
      { text: [], calls: [save(bytes)] },
      { text: words(5), calls: [] },
    ],
  }
}

export const scenarios: readonly Scenario[] = [
  {
    id: 's1',
    about: '2 turns, 1 tool, 50 deltas',
    concurrency: [1, 64],
    bar: 1.15,
    turns: () => [
      { text: [], calls: [lookup(0)] },
      { text: words(50), calls: [] },
    ],
  },
  {
    id: 's2',
    about: '2 turns, 16 parallel tools',
    concurrency: [1, 64],
    bar: 1.15,
    turns: () => [
      { text: [], calls: Array.from({ length: 16 }, (_, index) => lookup(index)) },
      { text: words(50), calls: [] },
    ],
  },
  {
    id: 's2p',
    about: '2 turns, 16 parallel tools of 20 ms',
    concurrency: [1],
    bar: 1.15,
    turns: () => [
      { text: [], calls: Array.from({ length: 16 }, (_, index) => lookup(index)) },
      { text: words(50), calls: [] },
    ],
  },
  ...[10, 50, 100, 200].map(longHistory),
  {
    id: 's4',
    about: '1 turn, 20,000 deltas',
    concurrency: [1],
    bar: 1.1,
    turns: () => [{ text: words(deltas), calls: [] }],
  },
  {
    id: 's4o',
    about: '1 turn, 20,000 deltas with a changing padding field',
    concurrency: [1],
    bar: 1.15,
    padded: true,
    turns: () => [{ text: words(deltas), calls: [] }],
  },
  bigArgument('s5-64k', 64 * 1024, 1.1),
  bigArgument('s5-256k', 256 * 1024, 1.1),
  bigArgument('s5-1m', 1024 * 1024, 1.1),
]

export function expectation(turns: readonly BenchTurn[]): Expectation {
  let characters = 0
  let executions = 0
  for (const turn of turns) {
    executions += turn.calls.length
    for (const text of turn.text) characters += text.length
  }
  return { characters, executions }
}
