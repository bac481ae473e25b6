import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { openRuns, type PlainRecord, type StoredRun } from '@trainyard/run-folder'

/** What a run says in its `info.yaml`, under `jobs`, of each launch that has worked on it in a job that may be started again: by that it is found then. */
export interface JobMark {
  /** The job of Slurm, or of `trainyard-mpi --max-restarts`. */
  readonly id: string
  /** The program, its config file and its arguments. As a hash, for there may be a secret among them. */
  readonly launch: string
  /** When that was launched, at its first start. */
  readonly started_at: string
  /** Which run of the launch it is, from 1. */
  readonly run: number
}

/** A run that a launch began before its job was started again. */
export interface BegunRun {
  readonly run: StoredRun
  /** Whether the launch has nothing more to do with it. */
  readonly isOver: boolean
}

/** A launch in a job that may be started again. */
export interface LaunchInJob {
  readonly mark: Omit<JobMark, 'run'>
  /** The runs that it began before the job was started again, by their places in the launch. */
  readonly begun: ReadonlyMap<number, BegunRun>
}

/**
 * Tells what this launch is in the job that the process is part of; undefined if there is none.
 * @param launched What tells it from other launches in the job.
 * @param logDirs Where its runs may be.
 */
export function launchInJob(
  launched: readonly string[],
  logDirs: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): LaunchInJob | undefined {
  const { SLURM_JOB_ID: slurmJob, SLURM_CLUSTER_NAME: cluster, SLURM_RESTART_COUNT: requeues } = env
  const { TRAINYARD_JOB: job, TRAINYARD_RESTARTS: restarts } = env
  const id =
    slurmJob === undefined ? job || undefined : ['slurm', cluster, slurmJob].filter(Boolean).join('-')
  if (id === undefined) return undefined
  const launch = createHash('sha256').update(JSON.stringify(launched)).digest('hex').slice(0, 16)
  const isAgain = Number(requeues ?? 0) + Number(restarts ?? 0) > 0
  const found = isAgain ? runsOf({ id, launch }, logDirs) : []
  // In an allocation that somebody works in, the same may have been launched before.
  const last = found.reduce((latest, { mark: { started_at: at } }) => (at > latest ? at : latest), '')
  return {
    mark: { id, launch, started_at: last || new Date().toISOString() },
    begun: new Map(
      found.filter(({ mark }) => mark.started_at === last).map(({ mark, ...begun }) => [mark.run, begun]),
    ),
  }
}

/** Gives what a run says of launches when another one begins to work on it: the last one stands last. */
export function withMark(info: PlainRecord, mark: JobMark): PlainRecord {
  const others = marksOf(info).filter((other) => !isOfLaunch(other, mark))
  return { jobs: [...others, mark].map((one) => ({ ...one })) }
}

function runsOf(
  launch: Pick<JobMark, 'id' | 'launch'>,
  logDirs: readonly string[],
): (BegunRun & { readonly mark: JobMark })[] {
  return [...new Set(logDirs)]
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => [...openRuns(directory)])
    .filter(({ id }) => /^\d+$/.test(id))
    .flatMap((run) => {
      const marks = marksOf(run.info)
      const mark = marks.find((one) => isOfLaunch(one, launch))
      // One that another launch has followed has had its turn, and the status is no longer its own.
      return mark ? [{ run, mark, isOver: mark !== marks.at(-1) || run.status === 'COMPLETE' }] : []
    })
}

function marksOf(info: Readonly<Record<string, unknown>>): readonly JobMark[] {
  return Array.isArray(info['jobs']) ? (info['jobs'] as readonly JobMark[]) : []
}

function isOfLaunch(mark: JobMark | null, { id, launch }: Pick<JobMark, 'id' | 'launch'>): boolean {
  return mark?.id === id && mark.launch === launch
}
