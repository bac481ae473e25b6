/**
 * Writes a number for reading: so many significant digits, an exponent where it is below 0.001 or from a
 * hundred million on. A whole part is never rounded, so counts stay exact; `NaN` and `Infinity` stay
 * visible.
 */
export function numberText(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size < 1e8 && (Number.isInteger(value) || size >= 10 ** digits)) return String(Math.round(value) + 0)
  const rounded = Number(value.toPrecision(digits))
  const inTheMiddle = Math.abs(rounded) >= 1e-3 && Math.abs(rounded) < 1e8
  return inTheMiddle ? String(rounded) : rounded.toExponential().replace('e+', 'e')
}

/** The most characters that `numberText` needs for a positive number below a hundred million: `9.876e-4`. */
export function numberWidth(digits: number): number {
  return Math.max(digits + 4, 8)
}

/**
 * Writes scalars in one row, `loss 0.2131  accuracy 0.94`; padded, such rows stand in columns under each
 * other.
 */
export function scalarsText(
  scalars: Iterable<readonly [string, number]>,
  digits: number,
  padding = 0,
): string {
  const cells = Array.from(scalars, ([name, value]) => `${name} ${numberText(value, digits).padEnd(padding)}`)
  return cells.join('  ').trimEnd()
}

/** Writes a number of things: `1 step`, `2 steps`, `2 batches`. */
export function countText(count: number, unit: 'step' | 'batch'): string {
  const many = unit === 'batch' ? 'batches' : 'steps'
  return `${count} ${count === 1 ? unit : many}`
}
