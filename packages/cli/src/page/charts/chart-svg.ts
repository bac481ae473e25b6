import type { Line } from '../../viewer/protocol.ts'
import { type ChartContent, rangeX, rangeY } from './chart-content.ts'
import { bandOpacity, type LineStyle, markStyle, type Stroke, strokesOf } from './line-style.ts'
import { linearTicks } from './linear-ticks.ts'
import { logTicks } from './log-ticks.ts'
import { type Palette, palettes } from './palette.ts'
import { type Attributes, escaped, svgElement } from './svg-element.ts'
import { tickTexts } from './tick-texts.ts'
import { type Area, type Pen, scaleOf, traceBand, traceLine, traceMark } from './trace.ts'

/** In pixels of CSS; as in the page, with a title above. */
const plotHeight = 178
const margins = { left: 62, top: 32, right: 12, bottom: 36 } as const

/** Labels next to each other need so much room. */
const [roomAcross, roomUp] = [70, 30]

/** Names of more lines than these nobody finds again. */
const mostNames = 30
const rowHeight = 16

/**
 * Makes a drawing of a chart: lines, bands, axes, its title, and which line is whose.
 * @param width In pixels of CSS.
 * @returns the text of an SVG file.
 */
export function chartSvg(content: ChartContent, title: string, width: number): string {
  const { lines, styles, logX, logY, theme, axisName } = content
  const palette = palettes[theme]
  const [x, y] = [rangeX(content), rangeY(content)]
  const area: Area = {
    left: margins.left,
    top: margins.top,
    width: width - margins.left - margins.right,
    height: plotHeight,
    across: scaleOf(x, logX),
    up: scaleOf(y, logY),
  }
  const bottom = margins.top + plotHeight
  const names = placeNames(lines.length > mostNames ? [] : lines.map(({ run }) => run), width)
  const height = bottom + margins.bottom + rowHeight * (1 + (names.at(-1)?.row ?? -1))
  const strokes = strokesOf(lines)
  const ticksX = logX ? logTicks(...x) : linearTicks(...x, area.width / roomAcross)
  const ticksY = logY ? logTicks(...y) : linearTicks(...y, plotHeight / roomUp)
  const size = { width, height }
  const font = { 'font-family': 'system-ui, sans-serif', 'font-size': 11 }
  return svgElement(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...size, viewBox: `0 0 ${width} ${height}`, ...font },
    [
      svgElement('title', {}, [escaped(title)]),
      svgElement('clipPath', { id: 'plot' }, [
        svgElement('rect', { x: area.left, y: area.top, width: area.width, height: area.height }),
      ]),
      svgElement('rect', { ...size, fill: palette.ground }),
      textElement(title, { x: 8, y: 18, fill: palette.ink, 'font-size': 13 }),
      ...axesOf(area, palette, ticksX, ticksY),
      textElement(axisName, {
        x: area.left + area.width / 2,
        y: bottom + 29,
        fill: palette.quiet,
        'text-anchor': 'middle',
      }),
      svgElement(
        'g',
        { 'clip-path': 'url(#plot)' },
        lines.map((line) => drawingOf(line, styles(line.run), strokes, area)),
      ),
      ...names.flatMap(({ name, left, row }) => {
        const top = bottom + margins.bottom + rowHeight * row + 6
        return [
          svgElement('path', {
            d: `M${left} ${top - 4}h20`,
            ...strokeOf(styles(name), { width: 2, opacity: 1 }),
          }),
          textElement(name, { x: left + 25, y: top, fill: palette.ink }),
        ]
      }),
    ],
  )
}

/** Draws a line with its band, its smoothed line, and the marks where its run was resumed. */
function drawingOf(
  line: Line,
  style: LineStyle,
  strokes: { readonly line: Stroke; readonly smooth: Stroke },
  area: Area,
): string {
  const { run, band, smooth, resumes } = line
  const path = (draw: (pen: Pen) => void, how: Attributes): string =>
    svgElement('path', { d: pathOf(draw), ...how })
  const parts = [svgElement('title', {}, [escaped(run)])]
  if (band)
    parts.push(path((pen) => traceBand(band, area, pen), { fill: style.colour, 'fill-opacity': bandOpacity }))
  parts.push(path((pen) => traceLine(line, area, pen), strokeOf(style, strokes.line)))
  if (smooth) parts.push(path((pen) => traceLine(smooth, area, pen), strokeOf(style, strokes.smooth)))
  if (resumes)
    parts.push(
      path(
        (pen) => resumes.forEach((at) => traceMark(at, area, pen)),
        strokeOf({ ...style, dash: markStyle.dash }, markStyle),
      ),
    )
  return svgElement('g', {}, parts)
}

/** Draws a grid, and its labels: below, and on the left. */
function axesOf(
  { left, top, width, height, across, up }: Area,
  { grid, quiet }: Palette,
  ticksX: readonly number[],
  ticksY: readonly number[],
): string[] {
  const [textsX, textsY] = [tickTexts(ticksX), tickTexts(ticksY)]
  const bottom = top + height
  return [
    ...ticksX.flatMap((tick, i) => {
      const x = rounded(left + across(tick) * width)
      return [
        svgElement('path', { d: `M${x} ${top}V${bottom + 4}`, stroke: grid }),
        textElement(textsX[i]!, { x, y: bottom + 15, fill: quiet, 'text-anchor': 'middle' }),
      ]
    }),
    ...ticksY.flatMap((tick, i) => {
      const y = rounded(top + (1 - up(tick)) * height)
      return [
        svgElement('path', { d: `M${left - 4} ${y}H${left + width}`, stroke: grid }),
        textElement(textsY[i]!, { x: left - 7, y: y + 4, fill: quiet, 'text-anchor': 'end' }),
      ]
    }),
  ]
}

/** Puts names in rows; how wide they are is only known where they are drawn, so it is guessed. */
function placeNames(
  names: readonly string[],
  width: number,
): readonly { name: string; left: number; row: number }[] {
  let [left, row] = [margins.left, 0]
  return names.map((name) => {
    const wide = 42 + 6.5 * name.length
    if (left > margins.left && left + wide > width) [left, row] = [margins.left, row + 1]
    const place = { name, left, row }
    left += wide
    return place
  })
}

function textElement(text: string, attributes: Attributes): string {
  return svgElement('text', attributes, [escaped(text)])
}

function strokeOf({ colour, dash }: LineStyle, { width, opacity }: Stroke): Attributes {
  return {
    fill: 'none',
    stroke: colour,
    'stroke-width': width,
    'stroke-linejoin': 'round',
    ...(opacity < 1 && { 'stroke-opacity': opacity }),
    ...(dash.length > 0 && { 'stroke-dasharray': dash.join(' ') }),
  }
}

function pathOf(draw: (pen: Pen) => void): string {
  const parts: string[] = []
  draw({
    moveTo: (x, y) => void parts.push(`M${rounded(x)} ${rounded(y)}`),
    lineTo: (x, y) => void parts.push(`L${rounded(x)} ${rounded(y)}`),
    dot: (x, y) => void parts.push(`M${rounded(x - 2)} ${rounded(y)}a2 2 0 1 0 4 0a2 2 0 1 0 -4 0`),
  })
  return parts.join('')
}

/** A hundredth of a pixel is enough. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
