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

/** Says what lines are drawn over; without a line, what was asked for. */
export function axisOf(lines: readonly Line[], wanted: Line['axis']): Line['axis'] {
  return lines.find(({ axis }) => axis !== 'row')?.axis ?? lines[0]?.axis ?? wanted
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
export function rangeY(content: ChartContent): [number, number] {
  const { zoom, logY } = content
  // A line may go through a range in which it has no point; then those around it tell where.
  const found = extremes(content, zoom) ?? extremes(content, null)
  if (!found) return logY ? [0.1, 1] : [0, 1]
  const [least, greatest] = found
  const factor = least === greatest ? 2 : 1.1
  // Neither 0 nor Infinity has a logarithm.
  if (logY) return [least / factor || least, Math.min(greatest * factor, Number.MAX_VALUE)]
  // What rounding makes of equal values is no shape.
  const isFlat = greatest - least <= 1e-12 * Math.max(Math.abs(least), Math.abs(greatest))
  const margin = isFlat ? Math.abs(greatest) * 0.1 || 1 : (greatest - least) * 0.05
  return [least - margin, greatest + margin]
}

/** Gives the least and the greatest value that the vertical axis can show; undefined if there is none. */
function extremes(
  { lines, logY }: ChartContent,
  zoom: ChartContent['zoom'],
): [least: number, greatest: number] | undefined {
  let [least, greatest] = [Infinity, -Infinity]
  for (const { band, smooth, ...line } of lines)
    for (const { x, y } of band ? [band.low, band.high] : smooth ? [line, smooth] : [line])
      for (let i = 0; i < y.length; i++) {
        const value = y[i]!
        if (!Number.isFinite(value) || (logY && value <= 0)) continue
        if (zoom && (x[i]! < zoom[0] || x[i]! > zoom[1])) continue
        if (value < least) least = value
        if (value > greatest) greatest = value
      }
  return greatest >= least ? [least, greatest] : undefined
}
