import { position } from './compare.ts'
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

  /** Gives the slope along an element; measures it once. */
  async slope(input: number, element: number): Promise<Slope> {
    const key = `${input}/${element}`
    const known = this.#slopes.get(key)
    if (known) return known
    const curve = async (offset: number): Promise<Float64Array> => {
      const values = this.#inputs[input]!.values.slice()
      values[element]! += offset
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
  for (const [order, gradient] of gradients.entries())
    for (const element of sample(gradient.values.length, elements, `${key}/${order}`)) {
      const actual = gradient.values[element]!
      const slope = await meter.slope(inputs[order]!, element)
      measured++
      if (slope.kind === 'unknown') unclear++
      else if (!agrees(actual, slope, op))
        message ??= `${describe(actual, slope)} at ${place(op, inputs[order]!, element)}, by finite differences`
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
  const expected = kind === 'kink' ? `${short(from)} to ${short(to)}` : short(from)
  return `${short(actual)} instead of ${expected}`
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function sample(size: number, count: number, key: string): number[] {
  if (size <= count) return Array.from({ length: size }, (_, index) => index)
  const next = random(key)
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(Math.floor(next() * size))
  return [...chosen]
}
