/**
 * Smooths all values of a line by an exponential mean without a bias towards 0 at its beginning, as TensorBoard does; but before any are left out, so
 * that the result does not depend on what is shown. What is not finite stays so, and does not spoil what comes after.
 * @param weight Of what came before, from 0 to below 1.
 */
export function smooth(values: Float64Array, weight: number): Float64Array {
  const smoothed = new Float64Array(values.length)
  let sum = 0
  let weights = 0
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      smoothed[i] = NaN
      continue
    }
    sum = weight * sum + (1 - weight) * value
    weights = weight * weights + (1 - weight)
    smoothed[i] = sum / weights
  }
  return smoothed
}
