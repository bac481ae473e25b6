import type { RunPath } from './api.ts'
import type { SenderState } from './sender.ts'
import { runUrl, type ServerSettings } from './settings.ts'

/** How much of a run arrived. */
export interface WandbReport {
  /** Rows of the run's file. */
  readonly rows: number
  /** Those that the server has acknowledged; undefined where the client does not tell. */
  readonly delivered: number | undefined
  /** Those that wait in the file. */
  readonly waiting: number
  /** Files and artifacts that the server refused. */
  readonly refusedFiles: number
  readonly file: string
  /** The run's page. */
  readonly url: string | undefined
  /** Why something waits. */
  readonly error: string | undefined
}

/** Makes the report about a file; without a server all of it waits. */
export function reportOf(
  rows: number,
  file: string,
  server?: ServerSettings,
  run?: RunPath,
  state?: SenderState,
): WandbReport {
  const delivered = state ? state.delivered : 0
  const late = state && !state.isComplete ? 'the server did not take all in time' : undefined
  return {
    rows,
    delivered,
    waiting: delivered === undefined ? 0 : rows - delivered,
    refusedFiles: state?.refusedFiles ?? 0,
    file,
    url: server && run && runUrl(server.baseUrl, run.entity, run.project, run.id),
    error: state?.error ?? late,
  }
}

/** Says in a line what a report means. */
export function reportText(
  { rows, delivered, waiting, refusedFiles, file, url, error }: WandbReport,
  isOffline = false,
): string {
  const all = `${rows} row${rows === 1 ? '' : 's'}`
  const sync = `send them with: npx trainyard-wandb-sync ${file}`
  if (isOffline) return `${all} in ${file}; ${sync}`
  const place = url ? `: ${url}` : ''
  const why = error ? ` (${error})` : ''
  if (delivered === undefined)
    return `${all} handed to @wandb/sdk, which does not tell what arrives; all are in ${file}${why}${place}`
  const refused = refusedFiles > 0 ? `, ${refusedFiles} files or artifacts were refused` : ''
  if (waiting === 0 && !error) return `${all} delivered${refused}${place}`
  return `${delivered} of ${all} delivered${refused}${why}, ${waiting} wait in ${file}; ${sync}`
}
