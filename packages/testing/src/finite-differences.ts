/** A function of one number: the vector that an operation gives for it. */
export type Curve = (offset: number) => Promise<Float64Array>

/** What finite differences tell about the slope of Σ weights · curve at 0. */
export interface Slope {
  /**
   * `smooth`: the slope is `from`, which equals `to`. `kink`: the slope jumps, and any number in between is a
   * subgradient. `unknown`: the curve bends too much nearby to say, or jumps itself.
   */
  readonly kind: 'smooth' | 'kink' | 'unknown'
  readonly from: number
  readonly to: number
  /** How far off the numbers above may be: rounding errors of float32, and terms of higher order. */
  readonly uncertainty: number
}

/** The slopes to the left and to the right, over a step. */
interface Sides {
  readonly left: number
  readonly right: number
  /** The mean of both: the central difference. */
  readonly central: number
  /** How much they differ. */
  readonly jump: number
  readonly noise: number
}

// Powers of two, so that adding them to the inputs rounds nothing.
const step = 2 ** -6
const float32Rounding = 2 ** -24
const unknown: Slope = { kind: 'unknown', from: Number.NaN, to: Number.NaN, uncertainty: Infinity }

/**
 * Measures a slope by central differences. Results are subtracted and summed in float64, and an element that does not
 * depend on the offset adds no rounding error. Unless the curve is straight, three step sizes tell what it is: each
 * halving halves the jump from left to right where it is smooth, and leaves it where it has a kink. Richardson's
 * extrapolation then removes the error of second order.
 */
export async function slopeOf(curve: Curve, center: Float64Array, weights: Float64Array): Promise<Slope> {
  const wide = await sides(curve, center, weights, step)
  const half = await sides(curve, center, weights, step / 2)
  const size = Math.max(Math.abs(half.central), 1e-3)
  const negligible = 4 * half.noise + 1e-4 * size
  const bend = Math.max(wide.jump, half.jump, Math.abs(wide.central - half.central))
  if (bend < negligible) return smooth(half.central, negligible)

  const quarter = await sides(curve, center, weights, step / 4)
  const slack = 4 * quarter.noise + 1e-4 * size
  const jumps = [wide.jump, half.jump, quarter.jump] as const
  if (shrinkBy(0.5, jumps, slack)) {
    const coarse = (4 * half.central - wide.central) / 3
    const fine = (4 * quarter.central - half.central) / 3
    const uncertainty = slack + 2 * Math.abs(fine - coarse)
    return uncertainty < 0.02 * size + slack ? smooth(fine, uncertainty) : unknown
  }
  if (shrinkBy(1, jumps, slack)) {
    const [low, high] = [quarter.left, quarter.right].toSorted((a, b) => a - b) as [number, number]
    return { kind: 'kink', from: low, to: high, uncertainty: slack + 0.05 * quarter.jump }
  }
  return unknown
}

function smooth(slope: number, uncertainty: number): Slope {
  return { kind: 'smooth', from: slope, to: slope, uncertainty }
}

function shrinkBy(ratio: number, [a, b, c]: readonly [number, number, number], slack: number): boolean {
  return Math.abs(b - ratio * a) < 0.05 * a + slack && Math.abs(c - ratio * b) < 0.05 * b + slack
}

async function sides(
  curve: Curve,
  center: Float64Array,
  weights: Float64Array,
  offset: number,
): Promise<Sides> {
  const backwards = slopeTo(await curve(-offset), center, weights, -offset)
  const forwards = slopeTo(await curve(offset), center, weights, offset)
  const [left, right] = [backwards.slope, forwards.slope]
  return {
    left,
    right,
    central: (left + right) / 2,
    jump: Math.abs(right - left),
    noise: Math.max(backwards.noise, forwards.noise),
  }
}

function slopeTo(
  moved: Float64Array,
  center: Float64Array,
  weights: Float64Array,
  offset: number,
): { slope: number; noise: number } {
  let sum = 0
  let noise = 0
  for (const [index, value] of moved.entries()) {
    const difference = value - center[index]!
    if (difference === 0) continue
    sum += weights[index]! * difference
    noise += weights[index]! * Math.max(Math.abs(value), Math.abs(center[index]!)) * float32Rounding
  }
  return { slope: sum / offset, noise: noise / Math.abs(offset) }
}
