/** A function of one number: the vector that an operation gives for it. */
export type Curve = (offset: number) => Promise<Float64Array>

/** What finite differences tell about the slope of Σ weights · curve at 0. */
export interface Slope {
  /**
   * `smooth`: the slope is `from`, which equals `to`. `kink`: the slope jumps, and any number in between is a
   * subgradient. `unknown`: the curve bends too much nearby to say.
   */
  readonly kind: 'smooth' | 'kink' | 'unknown'
  readonly from: number
  readonly to: number
  /** How far off the numbers above may be: rounding errors of float32, and terms of higher order. */
  readonly uncertainty: number
}

// Powers of two, so that adding them to the inputs rounds nothing.
const step = 2 ** -6
const float32Rounding = 2 ** -24

/**
 * Measures a slope by central differences at two step sizes. The results are subtracted and summed in float64, and an
 * element that does not depend on the offset adds no rounding error. Richardson's extrapolation removes the error
 * of second order, and one-sided differences, which come closer as the step shrinks only where the curve is smooth, tell
 * where there is a kink.
 */
export async function slopeOf(curve: Curve, center: Float64Array, weights: Float64Array): Promise<Slope> {
  const left = await oneSided(curve, center, weights, -step)
  const right = await oneSided(curve, center, weights, step)
  const leftHalf = await oneSided(curve, center, weights, -step / 2)
  const rightHalf = await oneSided(curve, center, weights, step / 2)
  const noise = Math.max(left.noise, right.noise, leftHalf.noise, rightHalf.noise)

  const wide = (left.slope + right.slope) / 2
  const narrow = (leftHalf.slope + rightHalf.slope) / 2
  const jump = Math.abs(right.slope - left.slope)
  const jumpHalf = Math.abs(rightHalf.slope - leftHalf.slope)
  const size = Math.max(Math.abs(narrow), 1e-3)
  if (![wide, narrow, jump, jumpHalf].every(Number.isFinite)) return unknown

  // Where the curve is smooth, half the step halves the jump.
  const negligible = 4 * noise + 1e-4 * size
  if (jump < negligible || Math.abs(jumpHalf / jump - 0.5) < 0.05 + negligible / jump) {
    const slope = (4 * narrow - wide) / 3
    const uncertainty = 4 * noise + 3 * Math.abs(slope - narrow)
    return uncertainty > 0.05 * size + 4 * noise
      ? unknown
      : { kind: 'smooth', from: slope, to: slope, uncertainty }
  }
  if (jumpHalf < 0.9 * jump) return unknown
  const limits = [
    2 * leftHalf.slope - left.slope,
    2 * rightHalf.slope - right.slope,
    leftHalf.slope,
    rightHalf.slope,
  ]
  return {
    kind: 'kink',
    from: Math.min(...limits),
    to: Math.max(...limits),
    uncertainty: 4 * noise + 0.01 * jumpHalf,
  }
}

const unknown: Slope = { kind: 'unknown', from: Number.NaN, to: Number.NaN, uncertainty: Infinity }

async function oneSided(
  curve: Curve,
  center: Float64Array,
  weights: Float64Array,
  offset: number,
): Promise<{ slope: number; noise: number }> {
  const moved = await curve(offset)
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
