import { isFailure, type Phase, type Result } from './result.ts'

/** A failure that is known, and why it is permitted. */
export interface Exception {
  /** The names of the operations. */
  readonly ops: readonly string[]
  /** Which phases fail; both, if left out. */
  readonly phase?: Phase
  /** Which input sets fail; any, if left out. */
  readonly sets?: readonly string[]
  /** Matches `status: message` of the failure, as in `missing: Einsum`. */
  readonly error: RegExp
  readonly reason: string
}

/** Marks the results that an exception permits. */
export function permit(result: Result, exceptions: readonly Exception[]): Result {
  if (!isFailure(result)) return result
  const exception = exceptions.find(
    (candidate) => covers(candidate, result) && candidate.error.test(`${result.status}: ${result.message}`),
  )
  return exception ? { ...result, permitted: exception.reason } : result
}

/**
 * Gives what a list of exceptions permits in vain, a line each: an operation in it that passes wherever the exception holds, or
 * that does not exist. Otherwise lists would outlive the faults that they excuse.
 */
export function staleExceptions(results: readonly Result[], exceptions: readonly Exception[]): string[] {
  return exceptions.flatMap((exception) =>
    exception.ops.flatMap((op) => {
      const own = results.filter((result) => result.op === op)
      const covered = own.filter((result) => covers(exception, result))
      const wasRun = own.length === 0 || covered.length > 0
      if (!wasRun || covered.some(({ status }) => status !== 'ok')) return []
      const where = [exception.phase, exception.sets?.join(', ')].filter(Boolean).join(', ')
      const problem = own.length === 0 ? 'is not in the table' : 'passes'
      return `${op}${where && ` (${where})`} ${problem}, but is listed as an exception: ${exception.reason}`
    }),
  )
}

function covers({ ops, phase, sets }: Exception, result: Result): boolean {
  return (
    ops.includes(result.op) &&
    (phase === undefined || phase === result.phase) &&
    (sets === undefined || sets.includes(result.set))
  )
}
