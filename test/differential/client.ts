/** What a client made of an answer, in the words that all of them have. */
export interface Answer {
  readonly text: string
  /** Calls it hands out to be run, with their arguments as a value. */
  readonly calls: readonly Call[]
  /** It told of an error, whatever else it told. */
  readonly failed: boolean
}

export interface Call {
  readonly name: string
  readonly args: unknown
}

export interface Asked {
  /** Of a local server that answers every request by the same bytes; ends in `/v1`. */
  readonly baseUrl: string
  readonly stream: boolean
  /** Tools the answer may call. */
  readonly tools: readonly string[]
}

export type WireName = 'chat' | 'responses' | 'anthropic'

export interface Client {
  readonly name: string
  readonly wire: WireName
  ask(asked: Asked): Promise<Answer>
}

/** A call whose arguments came as text; text that is no JSON stays text. */
export function callOf(name: string, text: string): Call {
  try {
    return { name, args: JSON.parse(text) }
  } catch {
    return { name, args: text }
  }
}
