import { insteadOf, position, short } from './compare.ts'
import { type Slope, slopeOf } from './finite-differences.ts'
import type { Op, TensorFlow } from './op.ts'
import { random } from './random.ts'
import { evaluate, type Values } from './values.ts'

/** Measures slopes of Σ weights · result along single elements of the inputs, on the reference backend. */
export class SlopeMeter {
  readonly #slopes = new Map<string, Slope>()
  readonly #tf: TensorFlow
  readonly #op: Op
  readonly #inputs: readonly Values[]
  readonly #center: Values
  readonly #weights: Values

  constructor(tf: TensorFlow, op: Op, inputs: readonly Values[], center: Values, weights: Values) {
    this.#tf = tf
    this.#op = op
    this.#inputs = inputs
    this.#center = center
    this.#weights = weights
  }

  /** Gives the slope along an element, or along all elements of an input together; measures it once. */
  async slope(input: number, element: number | 'all'): Promise<Slope> {
    const key = `${input}/${element}`
    const known = this.#slopes.get(key)
    if (known) return known
    const curve = async (offset: number): Promise<Float64Array> => {
      const values = this.#inputs[input]!.values.map((value, index) =>
        element === 'all' || element === index ? value + offset : value,
      )
      return evaluate(this.#tf, this.#op, this.#inputs.with(input, { ...this.#inputs[input]!, values }))
    }
    const slope = await slopeOf(curve, this.#center.values, this.#weights.values)
    this.#slopes.set(key, slope)
    return slope
  }
}

/** What finite differences say about a gradient. */
export interface SlopeCheck {
  /** Says where the gradient is off, and by how much; undefined if it is nowhere. */
  readonly message: string | undefined
  readonly measured: number
  readonly unclear: number
}

/**
 * Checks some elements of a gradient, drawn by chance from a fixed seed, against finite differences.
 */
export async function checkSlopes(
  meter: SlopeMeter,
  op: Op,
  gradients: readonly Values[],
  elements: number,
  key: string,
): Promise<SlopeCheck> {
  const inputs = differentiable(op)
  let message: string | undefined
  let measured = 0
  let unclear = 0
  for (const [order, gradient] of gradients.entries()) {
    const input = inputs[order]!
    for (const element of sample(gradient, elements, `${key}/${order}`)) {
      const actual = gradient.values[element]!
      const slope = await meter.slope(input, element)
      measured++
      if (slope.kind === 'unknown') unclear++
      else if (!agrees(actual, slope, op))
        message ??= `${describe(actual, slope)} at ${place(op, input, element)}, by finite differences`
    }
    if (op.ties !== 'any' || elements === 0) continue
    // Where several are the maximum, any share of the gradient is right for each of them, but the shares must add up.
    const sum = gradient.values.reduce((total, value) => total + value, 0)
    const slope = await meter.slope(input, 'all')
    if (slope.kind === 'smooth' && !agrees(sum, slope, op))
      message ??= `the sum is ${describe(sum, slope)} for input ${input}, by finite differences`
  }
  return { message, measured, unclear }
}

/** Tells whether a derivative is the measured one, or a subgradient where there is a kink. */
export function agrees(actual: number, { kind, from, to, uncertainty }: Slope, op: Op): boolean {
  if (kind === 'unknown') return false
  const slack = uncertainty + (op.tolerance ?? 1e-3) * Math.max(Math.abs(from), Math.abs(to), 0.1)
  return actual >= from - slack && actual <= to + slack
}

/** Gives the indices of the inputs that are differentiated. */
export function differentiable(op: Op): number[] {
  return op.inputs.flatMap(({ dtype }, index) => (dtype === 'float32' ? [index] : []))
}

/** Gives weights for each element of a result: positive ones, which leave a convex function convex. */
export function weightsFor({ shape, values }: Values, key: string): Values {
  const next = random(`${key}/weights`)
  return { shape, dtype: 'float32', values: values.map(() => Math.fround(0.25 + 1.5 * next())) }
}

/** Names an element of an input, as in `input 1 [0, 2, 3]`. */
export function place(op: Op, input: number, element: number): string {
  return `input ${input} [${position(element, op.inputs[input]!.shape).join(', ')}]`
}

function describe(actual: number, { from, to, kind }: Slope): string {
  return insteadOf(actual, from) + (kind === 'kink' ? ` to ${short(to)}` : '')
}

/** Draws elements to measure, and takes two of those that are no numbers, as they are equal to the reference's at best. */
function sample({ values }: Values, count: number, key: string): Set<number> {
  if (values.length <= count) return new Set(values.keys())
  const next = random(key)
  const suspicious = [...values.keys()].filter((index) => Number.isNaN(values[index]))
  const chosen = new Set(count > 0 ? suspicious.slice(0, 2) : [])
  const wanted = chosen.size + Math.min(count, values.length - chosen.size)
  while (chosen.size < wanted) chosen.add(Math.floor(next() * values.length))
  return chosen
}
