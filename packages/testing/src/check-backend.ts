import { checkSlopes, SlopeMeter, weightsFor } from './check-gradient.ts'
import { checkResults } from './check-results.ts'
import { type Exception, permit, staleExceptions } from './exceptions.ts'
import { inputSets, type InputSet, inputsOf, varies } from './input-sets.ts'
import type { Op, TensorFlow } from './op.ts'
import { ops as allOps } from './ops.ts'
import { failureOf, isFailure, type Result, type Status } from './result.ts'
import { forward, gradient, useBackend, type Values } from './values.ts'

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
  const results: Result[] = []
  const current = tf.getBackend() as string | undefined
  try {
    for (const op of ops)
      for (const set of setsFor(op, sets))
        for (const result of await checkCase({ ...options, reference }, op, set)) {
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

function setsFor(op: Op, sets: readonly InputSet[]): readonly InputSet[] {
  return varies(op) ? sets : sets.slice(0, 1)
}

type CaseOptions = CheckBackendOptions & { reference: string }

async function checkCase(options: CaseOptions, op: Op, set: InputSet): Promise<Result[]> {
  const { tf, backend, reference, elements = 6 } = options
  const tolerance = Math.max(op.tolerance ?? 0, options.tolerance ?? 1e-4)
  const inputs = inputsOf(op, set)
  const key = `${op.name}/${set.name}`
  const about = { op: op.name, group: op.group, set: set.name }

  await useBackend(tf, reference)
  const expected = await attempt(() => forward(tf, op, inputs))
  if ('status' in expected) throw referenceFailed(op, reference, expected.message)
  const weights = weightsFor(expected.result, key)
  const meter = new SlopeMeter(tf, op, inputs, expected.result, weights)
  // The reference may lack a gradient or have a wrong one; then finite differences are all there is to compare with.
  const expectedGradient = await attempt(() => gradient(tf, op, inputs, weights))

  await useBackend(tf, backend)
  const actual = backend === reference ? expected : await attempt(() => forward(tf, op, inputs))
  const result =
    'status' in actual
      ? actual
      : await checkResults(actual, [actual.result], [expected.result], { op, tolerance })
  const forwardResult: Result = { ...about, phase: 'forward', ...result }
  if (!op.inputs.some(({ dtype }) => dtype === 'float32')) return [forwardResult]

  const actualGradient =
    backend === reference ? expectedGradient : await attempt(() => gradient(tf, op, inputs, weights))
  if ('status' in actualGradient) {
    const excused = actualGradient.status === 'no gradient' && op.noGradient
    return [
      forwardResult,
      { ...about, phase: 'gradient', ...actualGradient, ...(excused && { permitted: excused }) },
    ]
  }
  await useBackend(tf, reference)
  const slopes = await checkSlopes(meter, op, actualGradient.results, op.convention ? 0 : elements, key)
  const expectedGradients = 'status' in expectedGradient ? undefined : expectedGradient.results
  const compared = await checkResults(actualGradient, actualGradient.results, expectedGradients, {
    op,
    tolerance,
    meter,
  })
  const { measured, unclear } = slopes
  const verdict = slopes.message ? { ...compared, status: 'wrong' as const, message: slopes.message } : compared
  return [forwardResult, { ...about, phase: 'gradient', ...verdict, slopes: { measured, unclear } }]
}

async function attempt<T extends object>(
  compute: () => Promise<T>,
): Promise<T | Pick<Result, 'status' | 'message'>> {
  try {
    return await compute()
  } catch (error) {
    return failureOf(error)
  }
}

function referenceFailed(op: Op, reference: string, message: string): Error {
  return new Error(
    `[testing] the reference backend "${reference}" cannot compute ${op.name}: ${message}. Leave it out by \`ops\``,
  )
}

function count(results: readonly Result[]): Record<Status, number> {
  const counts: Record<Status, number> = { ok: 0, wrong: 0, missing: 0, 'no gradient': 0, throws: 0 }
  for (const { status } of results) counts[status]++
  return counts
}
