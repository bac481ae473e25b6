/** Gives about so many places of labels within a range, at distances of 1, 2 or 5 times a power of ten. */
export function linearTicks(min: number, max: number, count: number): number[] {
  const rough = (max - min) / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((digit) => digit * power >= rough) ?? 10)
  // Binary fractions miss an end by a little, and 0.1 * 3 is 0.30000000000000004.
  const [first, last] = [Math.ceil(min / step - 1e-9), Math.floor(max / step + 1e-9)]
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  )
  // Minus zero is written with its sign.
  return ticks.map((tick) => tick + 0)
}
