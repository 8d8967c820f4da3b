import type { Message } from './message.ts'

/** Text in a model response that neither the run nor the model has given: it is of nobody known. */
export interface ForeignText {
  /** Where wrappers have put it. */
  readonly foreign?: readonly ('request' | 'answer')[]
  /** The messages with it, as the model was sent them; other parts of the request as one of them. */
  readonly foreignMessages?: readonly Message[]
}
