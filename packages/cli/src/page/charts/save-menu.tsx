import type { Line } from '../../viewer/protocol.ts'
import { linesCsv } from '../../viewer/series/lines-csv.ts'
import { failure } from '../data/runs.ts'
import { messageOf } from '../format.ts'

export interface SaveMenuProps {
  readonly metric: string
  readonly lines: readonly Line[]
  readonly axis: string
  /** Makes a PNG of what is drawn. */
  picture(): Promise<Blob>
}

/** Saves a chart: its picture, or the points that are drawn. */
export function SaveMenu({ metric, lines, axis, picture }: SaveMenuProps) {
  const savePicture = async (): Promise<void> => {
    try {
      save(await picture(), `${metric}.png`)
    } catch (error) {
      failure.value = `the picture cannot be saved: ${messageOf(error)}`
    }
  }
  const saveText = (): void =>
    save(new Blob([linesCsv(lines, axis, metric)], { type: 'text/csv' }), `${metric}.csv`)
  return (
    <details class="menu">
      <summary aria-label={`save ${metric}`}>save</summary>
      <div>
        <button type="button" onClick={() => void savePicture()}>
          picture (PNG)
        </button>
        <button type="button" onClick={saveText}>
          drawn points (CSV)
        </button>
      </div>
    </details>
  )
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name.replaceAll(/[^\w.-]+/g, '_')
  link.click()
  // Not before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
