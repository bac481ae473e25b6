import type { Line, LineGroup, Polyline } from '../protocol.ts'

/** Gives the points of lines as RFC 4180 says, one a row, numbers in full; `kind` tells values from what was made of them. */
export function linesCsv(lines: readonly Line[], axis: string, metric: string): string {
  const rows = [rowOf('line', 'kind', axis, metric)]
  const add = (name: string, kind: string, { x, y }: Polyline): void => {
    const start = rowOf(name, kind)
    for (let i = 0; i < x.length; i++) rows.push(`${start},${x[i]!},${y[i]!}`)
  }
  for (const { run, smooth, band, ...line } of lines) {
    add(run, band ? 'mean' : 'value', line)
    if (smooth) add(run, 'smoothed', smooth)
    if (band) {
      add(run, 'mean - std', band.low)
      add(run, 'mean + std', band.high)
    }
  }
  return textOf(rows)
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
    head: textOf([rowOf(...(groups ? ['group'] : []), 'run', axis, metric)]),
    rows(lines) {
      const rows: string[] = []
      for (const { run, x, y, axis: own } of lines) {
        const start = rowOf(...(groups ? [groupOf.get(run) ?? ''] : []), run)
        // The row of a file is no step.
        for (let i = 0; i < x.length; i++) rows.push(`${start},${own === axis ? x[i]! : ''},${y[i]!}`)
      }
      return textOf(rows)
    },
  }
}

function rowOf(...cells: readonly string[]): string {
  return cells.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',')
}

function textOf(rows: readonly string[]): string {
  return rows.map((row) => `${row}\r\n`).join('')
}
