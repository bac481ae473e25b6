import { decodeRecord } from './decode-record.ts'
import { RecordLogReader } from './record-log-reader.ts'
import type { WandbRecord } from './record.ts'

/** Where a file stands: what a checkpoint keeps. */
export interface SpoolPosition {
  /** Bytes of the file. */
  readonly offset: number
  readonly records: number
}

/** What a file holds that a run goes on from. */
export interface SpoolContent {
  readonly rows: number
  /** That of the last row; -1 if there is none. */
  readonly lastStep: number
  /** Seconds that the run had taken at its last row. */
  readonly runtime: number
  /** The latest value of everything. */
  readonly summary: Map<string, string>
}

/** What of a file stays. */
export interface Kept extends SpoolPosition {
  /** Records behind the cut that are no rows. */
  readonly others: readonly WandbRecord[]
}

export interface Scan {
  /** Undefined if no record ends where the file is to be cut. */
  readonly kept: Kept | undefined
  readonly content: SpoolContent
  /** Whether something is left behind the last whole record. */
  readonly isTorn: boolean
}

/**
 * Reads a file to go on with it: what its rows tell, and what stays of it. A torn or damaged record ends it.
 * @param cutAt An offset behind which rows do not count. Default: all counts but what marks an end.
 */
export async function scanFile(file: string, cutAt?: number): Promise<Scan> {
  const reader = await RecordLogReader.open(file)
  try {
    return await scan(reader, cutAt)
  } finally {
    await reader.close()
  }
}

async function scan(reader: RecordLogReader, cutAt: number | undefined): Promise<Scan> {
  const summary = new Map<string, string>()
  const others: WandbRecord[] = []
  let content: SpoolContent = { rows: 0, lastStep: -1, runtime: 0, summary }
  let position: SpoolPosition | undefined
  let records = 0
  for (;;) {
    const found = await reader.read(await reader.size())
    if (found.length === 0) break
    for (const { data, end } of found) {
      const record = decodeRecord(data)
      records++
      if (cutAt !== undefined && end > cutAt) {
        if (stays(record)) others.push(record)
        continue
      }
      if (record.kind === 'history' || record.kind === 'summary')
        for (const [key, json] of record.fields) summary.set(key, json)
      if (record.kind === 'history') {
        const runtime = Number(record.fields.get('_runtime') ?? 0)
        content = { rows: content.rows + 1, lastStep: record.step, runtime, summary }
      }
      if (cutAt === undefined ? !isEnd(record) : end === cutAt) position = { offset: end, records }
    }
  }
  const isTorn = reader.position < (await reader.size())
  return { kept: position && { ...position, others }, content, isTorn }
}

/** What happened once and does not come again when steps do. */
function stays({ kind }: WandbRecord): boolean {
  return kind === 'output' || kind === 'stats' || kind === 'files' || kind === 'artifact'
}

function isEnd({ kind }: WandbRecord): boolean {
  return kind === 'summary' || kind === 'exit' || kind === 'final'
}
