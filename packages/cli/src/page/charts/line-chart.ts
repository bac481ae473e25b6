import type uPlot from 'uplot'
import { lowerBound } from '../../viewer/series/reduce.ts'
import { type ChartContent, rangeX, rangeY } from './chart-content.ts'
import { bandOpacity, type LineStyle, markStyle, type Stroke, strokesOf } from './line-style.ts'
import { logTicks } from './log-ticks.ts'
import { palettes } from './palette.ts'
import { tickTexts } from './tick-texts.ts'
import { type Area, type Pen, scaleOf, traceBand, traceLine, traceMark } from './trace.ts'

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
    const { ground, ink } = palettes[this.#content!.theme]
    ctx.fillStyle = ground
    ctx.fillRect(0, 0, picture.width, picture.height)
    ctx.fillStyle = ink
    ctx.font = `${13 * devicePixelRatio}px system-ui, sans-serif`
    ctx.fillText(title, 8 * devicePixelRatio, 16 * devicePixelRatio)
    ctx.drawImage(canvas, 0, margin)
    return new Promise((resolve, reject) =>
      picture.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the browser gives none')))),
    )
  }

  /** Makes an SVG of the chart, as large as it is in the page. */
  async drawing(title: string): Promise<Blob> {
    const content = this.#content
    if (!content) throw new Error('the chart is not there yet')
    const { chartSvg } = await import('./chart-svg.ts')
    return new Blob([chartSvg(content, title, this.#width())], { type: 'image/svg+xml' })
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
    const palette = palettes[theme]
    const grid = { stroke: palette.grid, width: 1 }
    const axis = { stroke: palette.quiet, grid, ticks: grid, font: '11px system-ui, sans-serif' }
    const ticks = (isLog: boolean): Partial<uPlot.Axis> => ({
      ...(isLog && {
        splits: (_plot, _axis, min, max) => logTicks(min, max),
        filter: (_plot, splits) => splits,
      }),
      values: (_plot, values) => tickTexts(values),
    })
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
    const { lines, styles } = this.#content!
    const strokes = strokesOf(lines)
    const [area, pen, ratio] = [areaOf(plot), penOf(ctx), devicePixelRatio]
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.lineJoin = 'round'
    const stroke = (draw: (on: Pen) => void, { width, opacity }: Stroke): void => {
      ctx.globalAlpha = opacity
      ctx.lineWidth = width * ratio
      ctx.beginPath()
      draw(pen)
      ctx.stroke()
    }
    for (const line of lines) {
      const { colour, dash } = styles(line.run)
      ctx.strokeStyle = ctx.fillStyle = colour
      ctx.setLineDash(dash.map((length) => length * ratio))
      if (line.band) {
        ctx.globalAlpha = bandOpacity
        ctx.beginPath()
        traceBand(line.band, area, pen)
        ctx.fill()
      }
      stroke((on) => traceLine(line, area, on), strokes.line)
      const { smooth, resumes } = line
      if (smooth) stroke((on) => traceLine(smooth, area, on), strokes.smooth)
      if (!resumes) continue
      ctx.setLineDash(markStyle.dash.map((length) => length * ratio))
      stroke((on) => resumes.forEach((at) => traceMark(at, area, on)), markStyle)
    }
    ctx.restore()
  }

  #hover(plot: uPlot): void {
    const { left, top } = plot.cursor
    if (left === undefined || left < 0 || top === undefined) return this.#events.hover([], 0)
    const { lines, styles } = this.#content!
    const at = plot.posToVal(left, 'x')
    const found: (Nearby & { distance: number })[] = []
    for (const line of lines) {
      const { x, y } = line.smooth ?? line
      const i = nearest(x, at)
      if (i < 0 || !Number.isFinite(y[i]!)) continue
      const distance = Math.abs(plot.valToPos(y[i]!, 'y') - top)
      found.push({ run: line.run, style: styles(line.run), x: x[i]!, y: y[i]!, distance })
    }
    this.#events.hover(found.toSorted((a, b) => a.distance - b.distance).slice(0, mostNearby), left)
  }
}

/** Gives where values stand on the canvas. */
function areaOf({ bbox, scales }: uPlot): Area {
  const scale = ({ min = 0, max = 1, distr }: uPlot.Scale): Area['up'] => scaleOf([min!, max!], distr === 3)
  return { ...bbox, across: scale(scales['x']!), up: scale(scales['y']!) }
}

/** Says what the tracing of lines is on a canvas. */
function penOf(ctx: CanvasRenderingContext2D): Pen {
  return {
    moveTo: (x, y) => ctx.moveTo(x, y),
    lineTo: (x, y) => ctx.lineTo(x, y),
    dot: (x, y) => ctx.arc(x, y, 2 * devicePixelRatio, 0, 2 * Math.PI),
  }
}

function nearest(x: Float64Array, at: number): number {
  const after = lowerBound(x, at)
  if (after === 0) return x.length > 0 ? 0 : -1
  if (after === x.length) return after - 1
  return at - x[after - 1]! <= x[after]! - at ? after - 1 : after
}
