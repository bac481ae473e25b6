import type uPlot from 'uplot'
import type { Line } from '../../viewer/protocol.ts'
import { lowerBound } from '../../viewer/series/reduce.ts'
import { numberText } from '../format.ts'
import type { Theme } from '../state/theme.ts'
import { type LineStyle, stylesOf } from './line-style.ts'
import { logTicks } from './log-ticks.ts'

/** What a chart shows, and how. */
export interface ChartContent {
  readonly lines: readonly Line[]
  readonly logX: boolean
  readonly logY: boolean
  readonly zoom: readonly [number, number] | null
  readonly theme: Theme
  readonly axisName: string
}

/** A value under the mouse. */
export interface Nearby {
  readonly run: string
  readonly style: LineStyle
  readonly x: number
  readonly y: number
}

export interface ChartEvents {
  /** A range was chosen; null for all. */
  zoom(range: readonly [number, number] | null): void
  /** Called with what is under the mouse, the nearest first; with nothing if it left. */
  hover(found: readonly Nearby[], left: number): void
}

const height = 220

/** So many values are shown under the mouse. */
const mostNearby = 5

/** Draws lines in an element. uPlot does the axes, the cursor and the zoom; the lines have places of their own, so they are drawn here. */
export class LineChart {
  readonly #element: HTMLElement
  readonly #events: ChartEvents
  #content: ChartContent | undefined
  #plot: uPlot | undefined
  #look = ''

  constructor(element: HTMLElement, events: ChartEvents) {
    this.#element = element
    this.#events = events
  }

  async draw(content: ChartContent): Promise<void> {
    this.#content = content
    // It takes a while to begin, and a table without a chart is there sooner.
    const { default: UPlot } = await import('uplot')
    if (this.#content !== content) return
    // A scale is logarithmic or not for ever.
    const look = JSON.stringify([content.logX, content.logY, content.theme, content.axisName])
    if (look !== this.#look) {
      this.#plot?.destroy()
      this.#plot = undefined
      this.#look = look
    }
    if (this.#plot) this.#plot.setData(this.#frame())
    else this.#plot = new UPlot(this.#options(content), this.#frame(), this.#element)
  }

  resize(): void {
    const width = this.#width()
    if (this.#plot && this.#plot.width !== width) this.#plot.setSize({ width, height })
  }

  /** Makes a PNG of the chart, with its title, on the ground of the page. */
  picture(title: string): Promise<Blob> {
    if (!this.#plot) return Promise.reject(new Error('the chart is not there yet'))
    const { canvas } = this.#plot.ctx
    const margin = 24 * devicePixelRatio
    const picture = document.createElement('canvas')
    picture.width = canvas.width
    picture.height = canvas.height + margin
    const ctx = picture.getContext('2d')!
    const isDark = this.#content!.theme === 'dark'
    ctx.fillStyle = isDark ? '#0d1117' : '#ffffff'
    ctx.fillRect(0, 0, picture.width, picture.height)
    ctx.fillStyle = isDark ? '#e6edf3' : '#1f2328'
    ctx.font = `${13 * devicePixelRatio}px system-ui, sans-serif`
    ctx.fillText(title, 8 * devicePixelRatio, 16 * devicePixelRatio)
    ctx.drawImage(canvas, 0, margin)
    return new Promise((resolve, reject) =>
      picture.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the browser gives none')))),
    )
  }

  destroy(): void {
    this.#content = undefined
    this.#plot?.destroy()
    this.#plot = undefined
  }

  #width(): number {
    return Math.max(160, this.#element.clientWidth)
  }

  /** uPlot has no line but an empty one over the whole range. */
  #frame(): uPlot.AlignedData {
    return [rangeX(this.#content!), [null, null]]
  }

  #options({ logX, logY, theme, axisName }: ChartContent): uPlot.Options {
    const ink = theme === 'dark' ? '#9aa4af' : '#57606a'
    const grid = { stroke: theme === 'dark' ? '#2b3138' : '#e4e8ec', width: 1 }
    const axis = { stroke: ink, grid, ticks: grid, font: '11px system-ui, sans-serif' }
    const ticks = (isLog: boolean): Partial<uPlot.Axis> =>
      isLog
        ? { splits: (_plot, _axis, min, max) => logTicks(min, max), filter: (_plot, splits) => splits }
        : {}
    return {
      width: this.#width(),
      height,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: 'charts', scales: ['x', null] },
        drag: { x: true, y: false, setScale: false },
        points: { show: false },
        bind: {
          dblclick: () => () => {
            this.#events.zoom(null)
            return null
          },
        },
      },
      scales: {
        x: { time: false, distr: logX ? 3 : 1, range: () => rangeX(this.#content!) },
        y: { distr: logY ? 3 : 1, range: () => rangeY(this.#content!) },
      },
      axes: [
        {
          ...axis,
          ...ticks(logX),
          size: 34,
          label: axisName,
          labelSize: 14,
          labelFont: axis.font,
          labelGap: 0,
        },
        {
          ...axis,
          ...ticks(logY),
          size: 62,
          values: (_plot, values) => values.map((value) => (value === null ? '' : numberText(value))),
        },
      ],
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(plot) => this.#drawLines(plot)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select
            if (width < 4) return
            this.#events.zoom([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')])
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          },
        ],
        setCursor: [(plot) => this.#hover(plot)],
      },
    }
  }

  #drawLines(plot: uPlot): void {
    const { ctx, bbox } = plot
    const { lines, theme } = this.#content!
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.lineJoin = 'round'
    const ratio = devicePixelRatio
    const isSmooth = lines.some(({ smooth }) => smooth)
    ctx.globalAlpha = lines.length > 100 ? 0.5 : 1
    const styles = stylesOf(lines, theme)
    for (const line of lines) {
      const { colour, dash } = styles.get(line.run)!
      ctx.strokeStyle = colour
      ctx.lineWidth = (isSmooth ? 1 : 1.4) * ratio
      ctx.setLineDash(dash.map((length) => length * ratio))
      if (line.band) {
        ctx.fillStyle = colour
        const { globalAlpha } = ctx
        ctx.globalAlpha = 0.2
        fillBand(plot, line.band)
        ctx.globalAlpha = globalAlpha
      }
      if (line.smooth) {
        const { globalAlpha } = ctx
        ctx.globalAlpha = 0.25 * globalAlpha
        stroke(plot, line.x, line.y)
        ctx.globalAlpha = globalAlpha
        ctx.lineWidth = 1.8 * ratio
        stroke(plot, line.smooth.x, line.smooth.y)
      } else stroke(plot, line.x, line.y)
    }
    ctx.restore()
  }

  #hover(plot: uPlot): void {
    const { left, top } = plot.cursor
    if (left === undefined || left < 0 || top === undefined) return this.#events.hover([], 0)
    const { lines, theme } = this.#content!
    const at = plot.posToVal(left, 'x')
    const styles = stylesOf(lines, theme)
    const found: (Nearby & { distance: number })[] = []
    for (const line of lines) {
      const { x, y } = line.smooth ?? line
      const i = nearest(x, at)
      if (i < 0 || !Number.isFinite(y[i]!)) continue
      const distance = Math.abs(plot.valToPos(y[i]!, 'y') - top)
      found.push({ run: line.run, style: styles.get(line.run)!, x: x[i]!, y: y[i]!, distance })
    }
    this.#events.hover(found.toSorted((a, b) => a.distance - b.distance).slice(0, mostNearby), left)
  }
}

/** Fills what is between two lines; an axis ends where it cannot show them. */
function fillBand(plot: uPlot, { low, high }: NonNullable<Line['band']>): void {
  const { ctx, bbox } = plot
  const [toX, toY] = [mapping(plot.scales['x']!), mapping(plot.scales['y']!)]
  const go = (x: number, y: number): void => {
    const [across, up] = [toX(x), toY(y)]
    // A logarithmic axis has no zero; what is below it is at its lower end.
    if (Number.isFinite(across))
      ctx.lineTo(
        bbox.left + across * bbox.width,
        bbox.top + (1 - (Number.isFinite(up) ? up : 0)) * bbox.height,
      )
  }
  ctx.beginPath()
  for (let i = 0; i < low.x.length; i++) go(low.x[i]!, low.y[i]!)
  for (let i = high.x.length - 1; i >= 0; i--) go(high.x[i]!, high.y[i]!)
  ctx.fill()
}

/** Draws a line; what an axis cannot show is a gap. */
function stroke(plot: uPlot, x: Float64Array, y: Float64Array): void {
  const { ctx, bbox } = plot
  const [toX, toY] = [mapping(plot.scales['x']!), mapping(plot.scales['y']!)]
  ctx.beginPath()
  let isOpen = false
  for (let i = 0; i < x.length; i++) {
    const [across, up] = [toX(x[i]!), toY(y[i]!)]
    if (!Number.isFinite(across) || !Number.isFinite(up)) {
      isOpen = false
      continue
    }
    const [left, top] = [bbox.left + across * bbox.width, bbox.top + (1 - up) * bbox.height]
    if (isOpen) ctx.lineTo(left, top)
    else {
      ctx.moveTo(left, top)
      // A point alone has no length.
      if (!Number.isFinite(toY(y[i + 1] ?? NaN))) ctx.arc(left, top, 2 * devicePixelRatio, 0, 2 * Math.PI)
    }
    isOpen = true
  }
  ctx.stroke()
}

/** Gives where a value stands on a scale, from 0 to 1. */
function mapping({ min = 0, max = 1, distr }: uPlot.Scale): (value: number) => number {
  if (distr !== 3) return (value) => (value - min!) / (max! - min!)
  const [first, last] = [Math.log(min!), Math.log(max!)]
  return (value) => (value > 0 ? (Math.log(value) - first) / (last - first) : NaN)
}

function nearest(x: Float64Array, at: number): number {
  const after = lowerBound(x, at)
  if (after === 0) return x.length > 0 ? 0 : -1
  if (after === x.length) return after - 1
  return at - x[after - 1]! <= x[after]! - at ? after - 1 : after
}

/** Gives what of the horizontal axis is shown. */
function rangeX({ lines, zoom, logX }: ChartContent): [number, number] {
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
function rangeY({ lines, zoom, logY }: ChartContent): [number, number] {
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
  const margin = (greatest - least) * 0.05 || Math.abs(greatest) * 0.1 || 1
  return [least - margin, greatest + margin]
}
