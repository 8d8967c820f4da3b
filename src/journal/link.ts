/** What the journal adds to an event. */
export interface Link {
  readonly prev: string
  /** Number of the record; the event's own number stands as `eventSeq`. */
  readonly seq: number
  /** Digest of the payload; absent when there is none. */
  readonly payload: string | undefined
}
