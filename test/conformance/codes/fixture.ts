import type { ErrorCode } from '../../../src/base/codes.ts'

/** Makes an error happen with real parts and gives the codes that were seen. */
export type Fixture = () => Promise<readonly unknown[]>

export type Fixtures = Readonly<Partial<Record<ErrorCode, Fixture>>>

/** The code of what something throws. */
export function thrown(work: () => unknown): Fixture {
  return async () => {
    try {
      await work()
    } catch (error) {
      return [(error as { readonly code?: unknown }).code]
    }
    return []
  }
}

export function failing(): never {
  throw new Error('out of order')
}
