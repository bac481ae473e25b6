import type { Line, LineGroup, Polyline } from '../protocol.ts'

/** Gives the points of lines as RFC 4180 says, one a row, numbers in full; `kind` tells values from what was made of them. */
export function linesCsv(lines: readonly Line[], axis: string, metric: string): string {
  const parts = [rowOf('line', 'kind', axis, metric)]
  for (const { run, smooth, band, ...line } of lines) {
    const add = (kind: string, { x, y }: Polyline): void =>
      void parts.push(pointRows([run, kind], { x, y, axis: line.axis }, axis))
    add(band ? 'mean' : 'value', line)
    if (smooth) add('smoothed', smooth)
    if (band) {
      add('mean - std', band.low)
      add('mean + std', band.high)
    }
  }
  return parts.join('')
}

/** A table of which the rows may come one part after the other. */
export interface PartedCsv {
  readonly head: string
  rows(lines: readonly Line[]): string
}

/** Gives the values of runs in the same way, each as it was logged; of groups with the one that a run is in. */
export function pointsCsv(axis: string, metric: string, groups?: readonly LineGroup[]): PartedCsv {
  const groupOf = new Map(groups?.flatMap(({ name, runs }) => runs.map((run) => [run, name] as const)))
  return {
    head: rowOf(...(groups ? ['group'] : []), 'run', axis, metric),
    rows: (lines) =>
      lines
        .map((line) => {
          const group = groups ? [groupOf.get(line.run) ?? ''] : []
          return pointRows([...group, line.run], line, axis)
        })
        .join(''),
  }
}

/** Gives a row a point; what has no place on the axis, for it is drawn over the rows of its file, has none here. */
function pointRows(names: readonly string[], line: Polyline & Pick<Line, 'axis'>, axis: string): string {
  const { x, y } = line
  const start = cellsOf(names)
  const hasPlaces = line.axis === axis
  const rows: string[] = []
  for (let i = 0; i < x.length; i++) rows.push(`${start},${hasPlaces ? x[i]! : ''},${y[i]!}\r\n`)
  return rows.join('')
}

function rowOf(...cells: readonly string[]): string {
  return `${cellsOf(cells)}\r\n`
}

function cellsOf(cells: readonly string[]): string {
  return cells.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',')
}
