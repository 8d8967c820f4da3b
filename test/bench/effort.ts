/** How much time a benchmark spends. */
export interface Effort {
  /** At most; a contestant that has become steady is not run longer. */
  readonly warmUpMs: number
  readonly sliceMs: number
  readonly rounds: number
  /** Made also when the time of the row is over. */
  readonly fewestRounds: number
  /** After this time no further round of a row begins. */
  readonly rowMs: number
  /** Fresh processes per kind in the import benchmark. */
  readonly imports: number
  /** Answers read per wire and kind. */
  readonly wireRounds: number
  /** Timed decisions per policy and round. */
  readonly decisions: number
}

/** About three and a half minutes in all. */
export const full: Effort = {
  warmUpMs: 20_000,
  sliceMs: 400,
  rounds: 11,
  fewestRounds: 5,
  rowMs: 22_000,
  imports: 15,
  wireRounds: 41,
  decisions: 5000,
}

/** Under a minute in all. */
export const quick: Effort = {
  warmUpMs: 2000,
  sliceMs: 80,
  rounds: 5,
  fewestRounds: 3,
  rowMs: 2500,
  imports: 9,
  wireRounds: 15,
  decisions: 1000,
}
