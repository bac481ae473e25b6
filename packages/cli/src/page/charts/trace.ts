import type { Line, Polyline } from '../../viewer/protocol.ts'

/** Gives where a value stands on an axis, from 0 to 1 within its range; NaN if nowhere. */
type Scale = (value: number) => number

/** Where values stand on a surface. */
export interface Area {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly across: Scale
  readonly up: Scale
}

/** What draws: a canvas, or the text of an SVG path. */
export interface Pen {
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
  dot(x: number, y: number): void
}

export function scaleOf([min, max]: readonly [number, number], isLog: boolean): Scale {
  if (!isLog) return (value) => (value - min) / (max - min)
  const [first, last] = [Math.log(min), Math.log(max)]
  return (value) => (value > 0 ? (Math.log(value) - first) / (last - first) : NaN)
}

/** Draws a line; what an axis cannot show is a gap. */
export function traceLine({ x, y }: Polyline, area: Area, pen: Pen): void {
  const { left, top, width, height, across, up } = area
  let isOpen = false
  for (let i = 0; i < x.length; i++) {
    const [right, above] = [across(x[i]!), up(y[i]!)]
    if (!Number.isFinite(right) || !Number.isFinite(above)) {
      isOpen = false
      continue
    }
    const [atX, atY] = [left + right * width, top + (1 - above) * height]
    if (isOpen) pen.lineTo(atX, atY)
    else {
      pen.moveTo(atX, atY)
      // A point alone has no length.
      if (!Number.isFinite(up(y[i + 1] ?? NaN))) pen.dot(atX, atY)
    }
    isOpen = true
  }
}

/** Draws a line up from a place on the horizontal axis. */
export function traceMark(at: number, { left, top, width, height, across }: Area, pen: Pen): void {
  const x = left + across(at) * width
  if (!Number.isFinite(x)) return
  pen.moveTo(x, top)
  pen.lineTo(x, top + height)
}

/** Draws around what is between two lines; an axis ends where it cannot show them. */
export function traceBand({ low, high }: NonNullable<Line['band']>, area: Area, pen: Pen): void {
  const { left, top, width, height, across, up } = area
  let isOpen = false
  const go = (x: number, y: number): void => {
    const [right, above] = [across(x), up(y)]
    if (!Number.isFinite(right)) return
    // A logarithmic axis has no zero; what is below it is at its lower end.
    const atY = top + (1 - (Number.isFinite(above) ? above : 0)) * height
    if (isOpen) pen.lineTo(left + right * width, atY)
    else pen.moveTo(left + right * width, atY)
    isOpen = true
  }
  for (let i = 0; i < low.x.length; i++) go(low.x[i]!, low.y[i]!)
  for (let i = high.x.length - 1; i >= 0; i--) go(high.x[i]!, high.y[i]!)
}
