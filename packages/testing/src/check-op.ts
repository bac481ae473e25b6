import { checkSlopes, SlopeMeter, weightsFor } from './check-gradient.ts'
import { checkResults } from './check-results.ts'
import { type InputSet, inputsOf } from './input-sets.ts'
import type { Op, TensorFlow } from './op.ts'
import { failureOf, type Result } from './result.ts'
import { forward, gradient, type Traces, useBackend, type Values } from './values.ts'

/** What is checked, and how closely. */
export interface Checks {
  readonly tf: TensorFlow
  readonly backend: string
  readonly reference: string
  readonly elements: number
  readonly tolerance: number
}

type Failure = Pick<Result, 'status' | 'message'>
type Forward = (Traces & { readonly result: Values }) | Failure
type Gradient = (Traces & { readonly results: readonly Values[] }) | Failure

/** Inputs, and what the reference made of them. */
interface Case {
  readonly set: InputSet
  readonly key: string
  readonly inputs: readonly Values[]
  readonly weights: Values | undefined
  readonly forward: Forward
  readonly gradient: Gradient
}

/** Checks an operation on all sets, so that the backend changes three times and not for each set: that takes long. */
export async function checkOp(op: Op, sets: readonly InputSet[], checks: Checks): Promise<Result[]> {
  const { tf, backend, reference } = checks
  await useBackend(tf, reference)
  const cases: Case[] = []
  for (const set of sets) cases.push(await prepare(op, set, tf))
  await useBackend(tf, backend)
  const outcomes: { forward: Forward; gradient: Gradient }[] = []
  for (const expected of cases)
    outcomes.push(backend === reference ? expected : await compute(op, expected, tf))
  await useBackend(tf, reference)
  const results: Result[] = []
  for (const [index, expected] of cases.entries()) {
    const { forward: actual, gradient: slope } = outcomes[index]!
    const about = { op: op.name, group: op.group, set: expected.set.name }
    results.push({ ...about, phase: 'forward', ...(await judgeForward(op, expected, actual, checks)) })
    if (op.inputs.some(({ dtype }) => dtype === 'float32'))
      results.push({ ...about, phase: 'gradient', ...(await judgeGradient(op, expected, slope, checks)) })
  }
  return results
}

async function prepare(op: Op, set: InputSet, tf: TensorFlow): Promise<Case> {
  const key = `${op.name}/${set.name}`
  const inputs = inputsOf(op, set)
  const result = await attempt(() => forward(tf, op, inputs))
  if ('status' in result) return { set, key, inputs, weights: undefined, forward: result, gradient: result }
  const weights = weightsFor(result.result, key)
  const slope = await attempt(() => gradient(tf, op, inputs, weights))
  return { set, key, inputs, weights, forward: result, gradient: slope }
}

async function compute(
  op: Op,
  { inputs, weights }: Case,
  tf: TensorFlow,
): Promise<{ forward: Forward; gradient: Gradient }> {
  const result = await attempt(() => forward(tf, op, inputs))
  if (!weights) return { forward: result, gradient: failureOf('not computed') }
  return { forward: result, gradient: await attempt(() => gradient(tf, op, inputs, weights)) }
}

type Verdict = Omit<Result, 'op' | 'group' | 'set' | 'phase'>

async function judgeForward(op: Op, expected: Case, actual: Forward, checks: Checks): Promise<Verdict> {
  if ('status' in expected.forward) return referenceFailed(expected.forward, checks)
  if ('status' in actual) return actual
  return checkResults(actual, [actual.result], [expected.forward.result], comparison(op, checks))
}

async function judgeGradient(op: Op, expected: Case, actual: Gradient, checks: Checks): Promise<Verdict> {
  const { forward: center, inputs, weights, key } = expected
  if (!weights || 'status' in center) return referenceFailed(center as Failure, checks)
  if ('status' in actual)
    return actual.status === 'no gradient' && op.noGradient ? { ...actual, permitted: op.noGradient } : actual
  const meter = new SlopeMeter(checks.tf, op, inputs, center.result, weights)
  const slopes = await checkSlopes(meter, op, actual.results, op.convention ? 0 : checks.elements, key)
  // The reference may lack a gradient or have a wrong one; then finite differences are all there is to compare with.
  const reference = 'status' in expected.gradient ? undefined : expected.gradient.results
  const compared = await checkResults(actual, actual.results, reference, { ...comparison(op, checks), meter })
  const { message, measured, unclear } = slopes
  const verdict = message ? { ...compared, status: 'wrong' as const, message } : compared
  return { ...verdict, slopes: { measured, unclear } }
}

function comparison(op: Op, { tolerance }: Checks): { op: Op; tolerance: number } {
  return { op, tolerance: Math.max(op.tolerance ?? 0, tolerance) }
}

function referenceFailed({ status, message }: Failure, { reference }: Checks): Verdict {
  return {
    status: 'throws',
    message: `the reference backend "${reference}" cannot compute it: ${status}: ${message}`,
  }
}

async function attempt<T extends object>(run: () => Promise<T>): Promise<T | Failure> {
  try {
    return await run()
  } catch (error) {
    return failureOf(error)
  }
}
