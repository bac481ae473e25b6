import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { StoredRun } from '@trainyard/run-folder'
import { checkpointFolder, checkpointsOf } from '../checkpoints-of.ts'
import { isAxis, metricsOf } from '../metric-names.ts'
import type { CheckpointRow, FileRow, RunDetails } from './protocol.ts'
import { jsonNumber, rowOf } from './run-row.ts'
import { findEscape, leadsInside, openWithin } from './within.ts'

/** What a run keeps of what its program printed. */
const consoleFile =
  /^(log\.(stdout|stderr)|(log|error_log|cmd-args|git-info)[\w-]*\.(txt|stdout|stderr|log))$/

/** Finds all about a run. */
export async function detailsOf(run: StoredRun, folder: string): Promise<RunDetails> {
  const checkpoints = await checkpointRows(run, folder)
  const isAny = checkpoints.some(({ damage }) => damage === undefined)
  return {
    row: rowOf(run),
    directory: run.directory,
    info: run.info,
    metrics: metricsOf(run)
      .filter(({ key }) => !isAxis(key))
      .map(({ log, key }) => {
        const { last, min, argmin, max, argmax, count } = run.summary(log)!.keys.get(key)!.summary()
        return {
          name: `${log}.${key}`,
          last: jsonNumber(last),
          min: jsonNumber(min),
          minAt: jsonNumber(argmin),
          max: jsonNumber(max),
          maxAt: jsonNumber(argmax),
          count,
        }
      }),
    checkpoints,
    resume: isAny ? `trainyard resume ${quoted(run.id)} --yes --logs ${quoted(folder)}` : null,
    artifacts: await filesIn(
      run,
      run.artifacts.map((path) => `artifacts/${path}`),
    ),
    console: await filesIn(run, await consoleFiles(run.directory)),
  }
}

/** Tells whether a file of a run is one that the page may show. */
export async function isShown(run: StoredRun, path: string): Promise<boolean> {
  if (path.startsWith('artifacts/')) return run.artifacts.includes(path.slice('artifacts/'.length))
  return (await consoleFiles(run.directory)).includes(path)
}

async function checkpointRows(run: StoredRun, folder: string): Promise<CheckpointRow[]> {
  const place = checkpointFolder(run)
  if (!leadsInside(folder, place) || findEscape(folder, [place]) !== undefined) return []
  // A folder that cannot be read has none to go on from.
  const entries = await checkpointsOf(run).catch(() => [])
  return entries.map((entry) => ({
    name: entry.name,
    step: entry.manifest?.step ?? null,
    epoch: entry.manifest?.epoch ?? null,
    scores: Object.fromEntries(
      Object.entries(entry.manifest?.scores ?? {}).map(([name, score]) => [name, jsonNumber(Number(score))]),
    ),
    ...(entry.status === 'damaged' && { damage: `${entry.file} ${entry.reason}` }),
  }))
}

async function consoleFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((): Dirent[] => [])
  return entries
    .filter((entry) => entry.isFile() && consoleFile.test(entry.name))
    .map(({ name }) => name)
    .toSorted()
}

/** Gives the files that are there and inside the run's folder, with their sizes. */
async function filesIn(run: StoredRun, paths: readonly string[]): Promise<FileRow[]> {
  const rows: FileRow[] = []
  for (const path of paths) {
    const found = await openWithin(run.directory, path)
    if (!found) continue
    await found.file.close()
    rows.push({ path, size: found.stats.size })
  }
  return rows
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
