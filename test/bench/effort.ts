/** How much time a benchmark spends. */
export interface Effort {
  /** At most; a contestant that has become steady is not run longer. */
  readonly warmUpMs: number
  /** Once for every contestant before the first row, at most; only where peers take part. */
  readonly firstWarmUpMs: number
  readonly sliceMs: number
  readonly rounds: number
  /** Made also when the time of the row is over. */
  readonly fewestRounds: number
  /** After this time no further round of a row begins. */
  readonly rowMs: number
  /** All rows together, about; what a row does not use is left to the others. */
  readonly loopsMs: number
  /** A slice of a peer that takes longer is stopped, and the cell says so. */
  readonly capMs: number
  /** Fresh processes per kind in the import benchmark. */
  readonly imports: number
  /** Answers read per wire and kind. */
  readonly wireRounds: number
  /** Answers read per wire, kind and size. */
  readonly sizeRounds: number
  /** Fresh processes per kind that hold streams. */
  readonly holdRounds: number
  /** Timed decisions per policy and round. */
  readonly decisions: number
  /** Of every policy that is loaded. */
  readonly loadRounds: number
  /** Of every part on its own. */
  readonly partRounds: number
  /** Runs in one process; `--runs` says otherwise. */
  readonly soakRuns: number
}

/** About twelve minutes in all. */
export const full: Effort = {
  warmUpMs: 40_000,
  firstWarmUpMs: 0,
  sliceMs: 400,
  rounds: 11,
  fewestRounds: 5,
  rowMs: 22_000,
  loopsMs: 900_000,
  capMs: 60_000,
  imports: 15,
  wireRounds: 41,
  sizeRounds: 9,
  holdRounds: 5,
  decisions: 5000,
  loadRounds: 40,
  partRounds: 9,
  soakRuns: 20_000,
}

/** About a minute and a half in all. */
export const quick: Effort = {
  warmUpMs: 2000,
  firstWarmUpMs: 0,
  sliceMs: 80,
  rounds: 5,
  fewestRounds: 3,
  rowMs: 2500,
  loopsMs: 60_000,
  capMs: 60_000,
  imports: 9,
  wireRounds: 15,
  sizeRounds: 3,
  holdRounds: 1,
  decisions: 1000,
  loadRounds: 15,
  partRounds: 3,
  soakRuns: 2000,
}

/** With the peers, everything in under twenty minutes: everybody is warmed up for as long. */
export const fullWithPeers: Effort = {
  ...full,
  warmUpMs: 3000,
  firstWarmUpMs: 12_000,
  sliceMs: 300,
  rounds: 9,
  fewestRounds: 3,
  rowMs: 25_000,
  loopsMs: 720_000,
  holdRounds: 1,
  capMs: 30_000,
}

/** About six minutes. */
export const quickWithPeers: Effort = {
  ...quick,
  warmUpMs: 500,
  firstWarmUpMs: 2000,
  fewestRounds: 1,
  loopsMs: 240_000,
  capMs: 8000,
}
