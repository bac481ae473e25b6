import { useSignal } from '@preact/signals'
import type { Axis, Line, LineGroup } from '../../viewer/protocol.ts'
import { linesCsv, pointsCsv } from '../../viewer/series/lines-csv.ts'
import { failure, source } from '../data/runs.ts'
import { messageOf } from '../format.ts'
import { view } from '../state/view-state.ts'

export interface SaveMenuProps {
  readonly metric: string
  readonly runs: readonly string[]
  readonly groups?: readonly LineGroup[] | undefined
  /** As they are drawn. */
  readonly lines: readonly Line[]
  readonly axis: Axis | 'row'
  /** Makes a PNG of what is drawn. */
  picture(): Promise<Blob>
  /** Makes an SVG of it. */
  drawing(): Promise<Blob>
}

/** Saves a chart: how it looks, the points that are drawn, or all there are. */
export function SaveMenu({ metric, runs, groups, lines, axis, picture, drawing }: SaveMenuProps) {
  const isBusy = useSignal(false)
  const saveAs = async (kind: string, make: () => Blob | Promise<Blob>): Promise<void> => {
    try {
      save(await make(), `${metric}.${kind}`)
    } catch (error) {
      failure.value = `${metric} cannot be saved: ${messageOf(error)}`
    }
  }
  const drawnPoints = (): Blob => csv(linesCsv(lines, axis, metric))
  const allPoints = async (): Promise<Blob> => {
    const table = pointsCsv(axis, metric, groups)
    const parts = [csv(table.head)]
    isBusy.value = true
    try {
      // Each part is the browser's to keep, and not this program's.
      const take = (some: readonly Line[]): void => void parts.push(csv(table.rows(some)))
      const wanted = axis === 'row' ? view.peek().axis : axis
      await source.peek().lines({ runs, metric, axis: wanted }, take)
    } finally {
      isBusy.value = false
    }
    return csv(...parts)
  }
  return (
    <details class="menu">
      <summary aria-label={`save ${metric}`}>save</summary>
      <div>
        <button type="button" onClick={() => void saveAs('png', picture)}>
          PNG
        </button>
        <button type="button" onClick={() => void saveAs('svg', drawing)}>
          SVG
        </button>
        <button type="button" onClick={() => void saveAs('csv', drawnPoints)}>
          CSV (drawn)
        </button>
        <button type="button" disabled={isBusy.value} onClick={() => void saveAs('csv', allPoints)}>
          CSV (all points)
        </button>
      </div>
    </details>
  )
}

function csv(...parts: BlobPart[]): Blob {
  return new Blob(parts, { type: 'text/csv' })
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name.replaceAll(/[^\w.-]+/g, '_')
  link.click()
  // Not before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
