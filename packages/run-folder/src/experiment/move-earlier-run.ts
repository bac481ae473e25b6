import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

/** What a run writes itself, beside plain files; the folders of others, such as `checkpoints`, stay. */
const runFolders: ReadonlySet<string> = new Set(['metadata', 'metrics', 'artifacts'])

/**
 * Moves what an earlier run left in a folder to `run_0`, `run_1`, …: its plain files, and, unless that run goes on, its numbers and metadata, so that it
 * stays readable as a run of its own. Hidden files and those of TensorBoard stay.
 */
export function moveEarlierRun(directory: string, isResumed: boolean): void {
  const entries = readdirSync(directory, { withFileTypes: true })
  const earlier = entries.filter((entry) =>
    entry.isFile()
      ? !entry.name.startsWith('.') && !entry.name.includes('tfevents')
      : !isResumed && runFolders.has(entry.name),
  )
  if (earlier.length === 0) return
  const numbers = entries.map(({ name }) => Number(/^run_(\d{1,15})$/.exec(name)?.[1] ?? -1))
  const target = join(directory, `run_${Math.max(-1, ...numbers) + 1}`)
  mkdirSync(target)
  for (const { name } of earlier) renameSync(join(directory, name), join(target, name))
}
