const ignore = (): void => {}

/**
 * Has nobody wait for a value that may be a promise. One that rejects and is not heard would end the
 * process; here `failed` hears it.
 */
export function unheeded(value: unknown, failed: (error: unknown) => void = ignore): void {
  if (value instanceof Promise) value.catch(failed)
}

/** Calls what nothing may depend on: `failed` hears what it throws or rejects with. */
export function callUnheeded(call: () => unknown, failed: (error: unknown) => void = ignore): void {
  try {
    unheeded(call(), failed)
  } catch (error) {
    failed(error)
  }
}
