/** So many labels fit on an axis. */
const mostTicks = 8

/** Gives where a logarithmic axis has labels: at powers of ten, and between them as long as they are few. */
export function logTicks(min: number, max: number): number[] {
  const [first, last] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))]
  // A dozen orders of magnitude need fewer.
  const stride = Math.ceil((last - first + 1) / mostTicks)
  for (const digits of [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = []
    for (let exponent = first; exponent <= last; exponent += stride)
      for (const digit of digits) {
        const tick = Number(`${digit}e${exponent}`)
        if (tick >= min && tick <= max) ticks.push(tick)
      }
    if (ticks.length <= mostTicks) return ticks.length > 1 ? ticks : evenTicks(min, max)
  }
  return [min, max]
}

/** A range that has no such number in it is short enough for an even division. */
function evenTicks(min: number, max: number): number[] {
  return [0, 1, 2, 3].map((i) => Number((min + ((max - min) * (i + 0.5)) / 4).toPrecision(3)))
}
