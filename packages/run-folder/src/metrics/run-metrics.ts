import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { checkLogName } from '../names.ts'
import { isRecord } from '../plain-tree.ts'
import { readYaml, yamlText } from '../yaml.ts'
import { MetricsFile } from './metrics-file.ts'
import { parseRow } from './parse-rows.ts'
import { type MetricRow, RowFormat } from './row-text.ts'

/** How many bytes each metrics file had: what has to be kept to come back to that point. */
export type MetricsPosition = Readonly<Record<string, number>>

const extension = '.json'

/** The `metrics` folder of a run, for writing: a file of rows for each log name, and `.keys/metrics.yaml` with the names of all numbers. */
export class RunMetrics {
  readonly folder: string
  readonly #files = new Map<string, { file: MetricsFile; format: RowFormat }>()
  #keys: Set<string> | undefined

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
  }

  append(logName: string, row: MetricRow): void {
    const { file, format } = this.#open(logName)
    const length = format.write(row)
    file.append(format.bytes, length)
  }

  /** Waits until all rows survive a power loss. */
  flush(): void {
    for (const { file } of this.#files.values()) file.flush()
  }

  position(): MetricsPosition {
    const names = readdirSync(this.folder).filter((name) => name.endsWith(extension) && !name.startsWith('.'))
    const size = (name: string): number => statSync(join(this.folder, name)).size
    return Object.fromEntries(names.map((name) => [name.slice(0, -extension.length), size(name)]))
  }

  /** Cuts all files back to a position; those that it does not know came after it. Gives the names of files that are shorter than that. */
  rewind(position: MetricsPosition): string[] {
    const short: string[] = []
    for (const [name, found] of Object.entries(this.position())) {
      const { file } = this.#open(name)
      const size = Object.hasOwn(position, name) ? position[name]! : 0
      if (found > size) file.cut(size)
      else if (found < size) short.push(name)
    }
    return [...short, ...Object.keys(position).filter((name) => !existsSync(this.#path(name)))]
  }

  /** Cuts files back to their last row that is not past a step; gives the names of those that had more. */
  rewindToStep(logNames: readonly string[], step: number): string[] {
    return logNames.filter((name) => {
      if (!existsSync(this.#path(name))) return false
      const { file } = this.#open(name)
      let end = 0
      for (const line of readFileSync(file.path, 'utf8').split('\n')) {
        const at = parseRow(line)?.['step']
        if (typeof at === 'number' && at > step) break
        end += Buffer.byteLength(line) + 1
      }
      const isLonger = end < file.size
      if (isLonger) file.cut(end)
      return isLonger
    })
  }

  close(): void {
    for (const { file } of this.#files.values()) {
      file.flush()
      file.close()
    }
    this.#files.clear()
  }

  #path(logName: string): string {
    return join(this.folder, logName + extension)
  }

  #open(logName: string): { file: MetricsFile; format: RowFormat } {
    const open = this.#files.get(logName)
    if (open) return open
    checkLogName(logName)
    const format = new RowFormat((key) => this.#addKey(`${logName}.${key}`))
    const opened = { file: new MetricsFile(this.#path(logName)), format }
    this.#files.set(logName, opened)
    return opened
  }

  /** The list is for those who look for names without reading all rows; nobody needs it to be whole. */
  #addKey(key: string): void {
    const path = join(this.folder, '.keys', 'metrics.yaml')
    if (!this.#keys) {
      mkdirSync(join(this.folder, '.keys'), { recursive: true })
      this.#keys = new Set(existsSync(path) ? keysIn(path) : [])
    }
    if (this.#keys.has(key)) return
    this.#keys.add(key)
    appendFileSync(path, yamlText('the list of metrics', { [key]: '' }))
  }
}

function keysIn(path: string): string[] {
  try {
    const keys = readYaml(path)
    return isRecord(keys) ? Object.keys(keys) : []
  } catch {
    return []
  }
}
