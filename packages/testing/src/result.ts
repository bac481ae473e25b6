/** What is checked of an operation: its result, or its gradient. */
export type Phase = 'forward' | 'gradient'

/**
 * How it went: `wrong` is another result than the reference's or than finite differences, a leaked tensor, or a changed
 * input; `missing`: the backend has no such kernel; `no gradient`: TensorFlow.js has none for an operation;
 * `throws`: any other error.
 */
export type Status = 'ok' | 'wrong' | 'missing' | 'no gradient' | 'throws'

/** The outcome of one case on one input set. */
export interface Result {
  readonly op: string
  readonly group: string
  readonly set: string
  readonly phase: Phase
  readonly status: Status
  /** Says what is wrong, missing or thrown; empty if nothing is. */
  readonly message: string
  /** The largest relative error against the reference backend; undefined if one of both gave nothing. */
  readonly error?: number
  /** How many slopes were measured by finite differences, and how many of them told nothing. */
  readonly slopes?: { readonly measured: number; readonly unclear: number }
  /** Why it is permitted all the same. */
  readonly permitted?: string
}

/** Tells whether a result is one to complain about. */
export function isFailure({ status, permitted }: Result): boolean {
  return status !== 'ok' && permitted === undefined
}

/** Makes a status of an error that TensorFlow.js has thrown. */
export function failureOf(error: unknown): Pick<Result, 'status' | 'message'> {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0]!
  const kernel = /Kernel '(\w+)' not registered/.exec(text)
  if (kernel) return { status: 'missing', message: kernel[1]! }
  const gradient = /gradient function not found for (\w+)/.exec(text)
  if (gradient) return { status: 'no gradient', message: gradient[1]! }
  // What TensorFlow.js says if no operation on the way from input to result is on the tape.
  if (text.startsWith('Cannot compute gradient of y=f(x)'))
    return { status: 'no gradient', message: 'not recorded' }
  return { status: 'throws', message: text }
}
