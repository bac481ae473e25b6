import type { Line, Polyline } from '../protocol.ts'

/** Gives the points of lines as RFC 4180 says, one a row, numbers in full; `kind` tells values from what was made of them. */
export function linesCsv(lines: readonly Line[], axis: string, metric: string): string {
  const rows = [['line', 'kind', axis, metric].map(cell).join(',')]
  const add = (name: string, kind: string, { x, y }: Polyline): void => {
    for (let i = 0; i < x.length; i++) rows.push(`${cell(name)},${kind},${x[i]!},${y[i]!}`)
  }
  for (const { run, smooth, band, ...line } of lines) {
    add(run, band ? 'mean' : 'value', line)
    if (smooth) add(run, 'smoothed', smooth)
    if (band) {
      add(run, 'mean - std', band.low)
      add(run, 'mean + std', band.high)
    }
  }
  return `${rows.join('\r\n')}\r\n`
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
