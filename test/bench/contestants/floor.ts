import type { Prepare } from '../contestant.ts'
import { bareLoop } from './bare-loop.ts'

/** The cheapest honest loop; every ratio is to this one. */
export const prepare: Prepare = async (target) => bareLoop(target, () => true)
