import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { openRuns, type StoredRun } from '@trainyard/run-folder'

/** What a run says in its `info.yaml`, under `job`, if it belongs to a job that may be started again: by that it is found then. */
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

/** A launch in a job that may be started again. */
export interface LaunchInJob {
  readonly mark: Omit<JobMark, 'run'>
  /** The runs that it began before the job was started again, by their places in the launch. */
  readonly begun: ReadonlyMap<number, StoredRun>
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
  const id = slurmJob === undefined ? job : ['slurm', cluster, slurmJob].filter(Boolean).join('-')
  if (id === undefined) return undefined
  const launch = createHash('sha256').update(JSON.stringify(launched)).digest('hex').slice(0, 16)
  const isAgain = Number(requeues ?? 0) + Number(restarts ?? 0) > 0
  const found = isAgain ? runsOf({ id, launch }, logDirs) : []
  // In an allocation that somebody works in, the same may have been launched before.
  const last = found.reduce((latest, { mark: { started_at: at } }) => (at > latest ? at : latest), '')
  return {
    mark: { id, launch, started_at: last || new Date().toISOString() },
    begun: new Map(
      found.filter(({ mark }) => mark.started_at === last).map(({ mark, run }) => [mark.run, run]),
    ),
  }
}

function runsOf(
  { id, launch }: Pick<JobMark, 'id' | 'launch'>,
  logDirs: readonly string[],
): { mark: JobMark; run: StoredRun }[] {
  return [...new Set(logDirs)]
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => [...openRuns(directory)])
    .map((run) => ({ run, mark: run.info['job'] as JobMark }))
    .filter(({ run, mark }) => /^\d+$/.test(run.id) && mark?.id === id && mark.launch === launch)
}
