import type { ErrorData } from '../base/errors.ts'
import type { ModelTurn } from './turn.ts'

/** The answer of a run so far, which goes on over several responses where it is paused. */
export class Answer {
  /** The last response. */
  last: ModelTurn | undefined
  text = ''
  images: readonly string[] = []
  /** Where it begins in the transcript. */
  at = 0

  /** `at` is where the response will stand in the transcript. */
  take(modelTurn: ModelTurn, at: number): void {
    const { text, images } = modelTurn.response
    const goesOn = this.last?.response.finishReason.unified === 'pause'
    if (!goesOn) this.at = at
    this.text = goesOn ? this.text + text : text
    this.images = goesOn ? [...this.images, ...images] : images
    this.last = modelTurn
  }
}

/** An answer that was asked for again, and where it stands in the transcript. */
export interface Rejected {
  readonly error: ErrorData
  /** The turn that asks again. */
  readonly repair: number
  readonly from: number
  readonly to: number
}
