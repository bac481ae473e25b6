/** What registers a test: `test` of vitest, of `node:test` or of Jest. */
export type DefineTest = (name: string, body: () => void | Promise<void>) => unknown

/** Throws unless a condition holds. */
export function expect(holds: unknown, problem: string): asserts holds {
  if (!holds) throw new Error(`[testing] ${problem}`)
}

/**
 * Runs something that has to fail; gives its error.
 * @throws if it does not fail, or throws something else than an `Error`.
 */
export async function failureOf(work: () => unknown, problem: string): Promise<Error> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Error) return error
    throw new Error(`[testing] what it threw is no Error but ${String(error)}`, { cause: error })
  }
  throw new Error(`[testing] ${problem}`)
}
