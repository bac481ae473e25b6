import { agrees, differentiable, place, type SlopeMeter } from './check-gradient.ts'
import { differences, largestError, position } from './compare.ts'
import type { Op } from './op.ts'
import type { Result } from './result.ts'
import type { Traces, Values } from './values.ts'

interface Comparison {
  readonly op: Op
  readonly tolerance: number
  /** Decides about a gradient on which the two backends differ. */
  readonly meter?: SlopeMeter
}

/**
 * Compares what a backend gave with what the reference did, or with nothing where the reference failed; also says if
 * tensors were left over or inputs were written to.
 */
export async function checkResults(
  traces: Traces,
  actual: readonly Values[],
  expected: readonly Values[] | undefined,
  comparison: Comparison,
): Promise<Pick<Result, 'status' | 'message' | 'error'>> {
  if (traces.changed !== undefined) return wrong(`writes to its input ${traces.changed}`)
  if (traces.leaked > 0) return wrong(`leaves ${traces.leaked} tensors or buffers behind`)
  let error = 0
  for (const [order, values] of actual.entries()) {
    const reference = expected?.[order]
    const type = typeProblem(values, reference, comparison)
    if (type) return wrong(type)
    if (!reference) continue
    error = Math.max(error, largestError(values, reference))
    const message = await firstDifference(values, reference, order, comparison)
    if (message) return { ...wrong(message), error }
  }
  return { status: 'ok', message: '', ...(expected && { error }) }
}

function typeProblem(
  actual: Values,
  expected: Values | undefined,
  { op, meter }: Comparison,
): string | undefined {
  if (!expected) return undefined
  const shapes = [actual, expected].map(({ shape, dtype }) => `${dtype} [${shape.join(', ')}]`)
  const of = meter ? `the gradient of ${op.name} ` : ''
  return shapes[0] === shapes[1] ? undefined : `${of}is ${shapes[0]} instead of ${shapes[1]}`
}

async function firstDifference(
  actual: Values,
  expected: Values,
  order: number,
  { op, tolerance, meter }: Comparison,
): Promise<string | undefined> {
  const found = differences(actual, expected, tolerance)
  for (const difference of found) {
    const input = differentiable(op)[order]!
    if (meter && (await isRightAllTheSame(meter, op, input, difference))) continue
    const where = meter
      ? place(op, input, difference.index)
      : `[${position(difference.index, actual.shape).join(', ')}]`
    const many = `${found.length} of ${actual.values.length} values`
    return `${short(difference.actual)} instead of ${short(difference.expected)} at ${where} (${many})`
  }
  return undefined
}

/** Tells whether the reference is wrong and the other one right, or both are right, as at a kink. */
async function isRightAllTheSame(
  meter: SlopeMeter,
  op: Op,
  input: number,
  { index, actual, expected }: { index: number; actual: number; expected: number },
): Promise<boolean> {
  const slope = await meter.slope(input, index)
  if (!agrees(actual, slope, op)) return false
  return slope.kind === 'kink' ? op.ties === 'any' : !agrees(expected, slope, op)
}

function wrong(message: string): Pick<Result, 'status' | 'message'> {
  return { status: 'wrong', message }
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}
