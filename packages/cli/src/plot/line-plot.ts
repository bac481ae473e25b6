import { Canvas, type Cell } from './canvas.ts'

/** The points of a line, in the order of x. */
export interface Line {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

export interface PlotSize {
  /** In characters, axes included. */
  readonly columns: number
  /** In characters, without the axis below. */
  readonly rows: number
}

export interface PlotOptions extends PlotSize {
  /** Whether y is logarithmic; what is not positive is left out. */
  readonly isLog: boolean
  /** Makes a number short. */
  readonly text: (number: number) => string
  /** Marks characters that belong to a line. */
  readonly mark: (characters: string, line: number) => string
}

/** The range of an axis. */
interface Range {
  readonly from: number
  readonly to: number
}

/**
 * Draws lines with axes, in text. Where many points fall into one column of dots, the dots reach from the least to the greatest of them: no spike is lost.
 * Gives undefined if there is nothing to draw. What is not finite must have been left out.
 */
export function linePlot(lines: readonly Line[], options: PlotOptions): string[] | undefined {
  const { columns, rows, isLog, text, mark } = options
  const scaled = lines.map(({ x, y }) => scale(x, y, isLog))
  const ranges = rangesOf(scaled)
  if (!ranges) return undefined
  const labelOf = (y: number): string => text(isLog ? 10 ** y : y)
  const { x, y } = ranges
  const labels = Array.from({ length: rows }, (_, row) => {
    // Every fourth row has a label, and the last one.
    const isLabelled = row === rows - 1 || (row % 4 === 0 && row < rows - 3)
    return isLabelled ? labelOf(y.to - ((y.to - y.from) * row) / Math.max(1, rows - 1)) : ''
  })
  const margin = Math.max(...labels.map((label) => label.length))
  const canvas = new Canvas(Math.max(4, columns - margin - 2), rows)
  for (const [i, line] of scaled.entries()) drawLine(canvas, line, x, y, i)
  const body = canvas.rows().map((cells, row) => {
    const drawn = markedText(cells, mark)
    return `${labels[row]!.padStart(margin)} ${labels[row] ? '┤' : '│'}${drawn}`.trimEnd()
  })
  const [from, to] = [text(x.from), text(x.to)]
  const space = Math.max(1, canvas.width / 2 - from.length - to.length)
  return [
    ...body,
    `${' '.repeat(margin + 1)}└${'─'.repeat(canvas.width / 2)}`,
    `${' '.repeat(margin + 2)}${from}${from === to ? '' : ' '.repeat(space) + to}`,
  ]
}

/** Marks what stands side by side at once: a code of a colour is longer than a character. */
function markedText(cells: readonly Cell[], mark: PlotOptions['mark']): string {
  let text = ''
  for (let i = 0; i < cells.length;) {
    const { line } = cells[i]!
    let characters = ''
    for (; i < cells.length && cells[i]!.line === line; i++) characters += cells[i]!.character
    text += line === undefined ? characters : mark(characters, line)
  }
  return text
}

function scale(x: readonly number[], y: readonly number[], isLog: boolean): Line {
  if (!isLog) return { x, y }
  const kept = y.map((_, i) => i).filter((i) => y[i]! > 0)
  return { x: kept.map((i) => x[i]!), y: kept.map((i) => Math.log10(y[i]!)) }
}

function rangesOf(lines: readonly Line[]): { x: Range; y: Range } | undefined {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const { x, y } of lines)
    for (let i = 0; i < x.length; i++) {
      left = Math.min(left, x[i]!)
      right = Math.max(right, x[i]!)
      low = Math.min(low, y[i]!)
      high = Math.max(high, y[i]!)
    }
  if (left > right) return undefined
  // A line that is level is drawn in the middle.
  const half = high > low ? 0 : Math.abs(high) / 2 || 1
  return { x: { from: left, to: right }, y: { from: low - half, to: high + half } }
}

function drawLine(canvas: Canvas, { x, y }: Line, xs: Range, ys: Range, line: number): void {
  const column = (value: number): number => place(value, xs, canvas.width)
  const row = (value: number): number => canvas.height - 1 - place(value, ys, canvas.height)
  let last: { column: number; row: number } | undefined
  for (let i = 0; i < x.length;) {
    const at = column(x[i]!)
    const first = row(y[i]!)
    let [top, bottom, end] = [first, first, first]
    for (; i < x.length && column(x[i]!) === at; i++) {
      end = row(y[i]!)
      top = Math.min(top, end)
      bottom = Math.max(bottom, end)
    }
    if (last) canvas.draw(last.column, last.row, at, first, line)
    canvas.draw(at, top, at, bottom, line)
    last = { column: at, row: end }
  }
}

function place(value: number, { from, to }: Range, dots: number): number {
  return to === from ? 0 : Math.round(((value - from) / (to - from)) * (dots - 1))
}
