import { checkOp } from './check-op.ts'
import { type Exception, permit, staleExceptions } from './exceptions.ts'
import { type InputSet, inputSets, varies } from './input-sets.ts'
import type { Op, TensorFlow } from './op.ts'
import { ops as allOps } from './ops.ts'
import { isFailure, type Result, type Status } from './result.ts'

export interface CheckBackendOptions {
  /** The TensorFlow.js that the backend is registered with. */
  tf: TensorFlow
  /** The name of the backend under test. */
  backend: string
  /** The backend whose results are taken for right, and whose forward pass the finite differences use (`'cpu'`). */
  reference?: string
  /** The cases (all of the table). */
  ops?: readonly Op[]
  /** The input sets (all five). */
  sets?: readonly InputSet[]
  /** Failures that are known. One that does not occur is reported as well. */
  exceptions?: readonly Exception[]
  /** How many elements of each input are checked by finite differences (6). */
  elements?: number
  /** How far a result may be from the reference's, relative to its size (1e-4). */
  tolerance?: number
  /** Gets each result as soon as it is there. */
  onResult?: (result: Result) => void
}

/** All that was found out about a backend. */
export interface Report {
  readonly backend: string
  readonly reference: string
  /** One for each case, input set and phase. */
  readonly results: readonly Result[]
  /** Those that no exception permits. */
  readonly failures: readonly Result[]
  /** Exceptions for what passes, in words. */
  readonly staleExceptions: readonly string[]
  /** How many results have each status. */
  readonly summary: Readonly<Record<Status, number>>
  /** Whether there are neither failures nor stale exceptions. */
  readonly passed: boolean
}

/**
 * Checks what a backend computes, forward and gradient: against a reference backend element by element, and the gradient
 * also against finite differences, which find a fault that both backends share. The current backend is the same
 * afterwards as before.
 * @throws if a backend cannot be started. What an operation throws is a result.
 */
export async function checkBackend(options: CheckBackendOptions): Promise<Report> {
  const { tf, backend, reference = 'cpu', ops = allOps, sets = inputSets, exceptions = [] } = options
  const { elements = 6, tolerance = 1e-4 } = options
  const checks = { tf, backend, reference, elements, tolerance }
  const results: Result[] = []
  const current = tf.getBackend() as string | undefined
  try {
    for (const op of ops)
      for (const result of await checkOp(op, varies(op) ? sets : sets.slice(0, 1), checks)) {
        const judged = permit(result, exceptions)
        results.push(judged)
        options.onResult?.(judged)
      }
  } finally {
    if (current) await tf.setBackend(current)
  }
  const failures = results.filter(isFailure)
  const stale = staleExceptions(results, exceptions)
  const passed = failures.length === 0 && stale.length === 0
  return { backend, reference, results, failures, staleExceptions: stale, summary: count(results), passed }
}

function count(results: readonly Result[]): Record<Status, number> {
  const counts: Record<Status, number> = { ok: 0, wrong: 0, missing: 0, 'no gradient': 0, throws: 0 }
  for (const { status } of results) counts[status]++
  return counts
}
