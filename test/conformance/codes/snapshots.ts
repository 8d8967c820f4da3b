import { keptRun, keptSnapshots } from '../../support/snapshots.ts'
import { thrown, type Fixtures } from './fixture.ts'

const kept = keptSnapshots(1)

/** Snapshots that are refused: those of the compatibility suite. */
export const ofSnapshots: Fixtures = Object.fromEntries(
  kept.refused.map(({ code, snapshot }) => [
    code,
    thrown(async () => {
      const { runtime } = await keptRun(kept)
      await runtime.resume(snapshot).result()
    }),
  ]),
)
