import type { Line } from '../../viewer/protocol.ts'
import type { Styles } from './line-style.ts'
import type { Theme } from './palette.ts'

/** What a chart shows, and how. */
export interface ChartContent {
  readonly lines: readonly Line[]
  readonly styles: Styles
  readonly logX: boolean
  readonly logY: boolean
  readonly zoom: readonly [number, number] | null
  readonly theme: Theme
  readonly axisName: string
}

/** Gives what of the horizontal axis is shown. */
export function rangeX({ lines, zoom, logX }: ChartContent): [number, number] {
  let [first, last] = zoom ?? [Infinity, -Infinity]
  if (!zoom)
    for (const { x } of lines)
      for (const value of logX ? x.filter((one) => one > 0) : [x[0] ?? NaN, x.at(-1) ?? NaN]) {
        if (value < first) first = value
        if (value > last) last = value
      }
  if (logX && !(first > 0)) first = last > 0 ? last / 1e6 : 1
  if (!(last >= first)) return logX ? [1, 10] : [0, 1]
  if (first === last) return logX ? [first / 2, last * 2] : [first - 1, last + 1]
  return [first, last]
}

/** Gives the range of the values that are drawn: the least and the greatest are among them. */
export function rangeY({ lines, zoom, logY }: ChartContent): [number, number] {
  let [least, greatest] = [Infinity, -Infinity]
  for (const line of lines)
    for (const { x, y } of line.band ? [line.band.low, line.band.high] : [line])
      for (let i = 0; i < y.length; i++) {
        const value = y[i]!
        if (!Number.isFinite(value) || (logY && value <= 0)) continue
        if (zoom && (x[i]! < zoom[0] || x[i]! > zoom[1])) continue
        if (value < least) least = value
        if (value > greatest) greatest = value
      }
  if (!(greatest >= least)) return logY ? [0.1, 1] : [0, 1]
  if (logY) return least === greatest ? [least / 2, greatest * 2] : [least / 1.1, greatest * 1.1]
  // What rounding makes of equal values is no shape.
  const isFlat = greatest - least <= 1e-12 * Math.max(Math.abs(least), Math.abs(greatest))
  const margin = isFlat ? Math.abs(greatest) * 0.1 || 1 : (greatest - least) * 0.05
  return [least - margin, greatest + margin]
}
