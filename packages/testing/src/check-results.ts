import { agrees, differentiable, place, type SlopeMeter } from './check-gradient.ts'
import { type Difference, differences, insteadOf, largestError, position } from './compare.ts'
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
  const input = differentiable(op)[order]!
  let undecided: Difference | undefined
  let referenceIsWrong = false
  for (const difference of found) {
    const verdict = meter ? await judge(meter, op, input, difference) : 'wrong'
    if (verdict === 'wrong') return message(difference)
    if (verdict === 'unknown') undecided ??= difference
    if (verdict === 'reference is wrong') referenceIsWrong = true
  }
  return undecided && !referenceIsWrong ? message(undecided) : undefined

  function message({ index, actual: value, expected: other }: Difference): string {
    const where = meter ? place(op, input, index) : `[${position(index, actual.shape).join(', ')}]`
    const many = `${found.length} of ${actual.values.length} values`
    return `${insteadOf(value, other)} at ${where} (${many})`
  }
}

type Verdict = 'wrong' | 'right' | 'reference is wrong' | 'unknown'

/** Asks finite differences which of two derivatives is right; both may be, as subgradients. */
async function judge(
  meter: SlopeMeter,
  op: Op,
  input: number,
  { index, actual, expected }: Difference,
): Promise<Verdict> {
  const slope = await meter.slope(input, index)
  if (slope.kind === 'unknown') return 'unknown'
  if (!agrees(actual, slope, op)) return 'wrong'
  if (!agrees(expected, slope, op)) return 'reference is wrong'
  return slope.kind === 'kink' && op.ties === 'any' ? 'right' : 'wrong'
}

function wrong(message: string): Pick<Result, 'status' | 'message'> {
  return { status: 'wrong', message }
}
