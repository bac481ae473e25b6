import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fail } from '../errors.ts'
import { quoted } from './command.ts'
import type { JobOptions } from './job-options.ts'

const mark = '# Written by `trainyard-mpi submit`, which writes it anew each time.'
/** Seconds before the end of its time at which a job saves and stops. */
const notice = 120

/**
 * Submits a job to Slurm: writes a batch script into the current folder, `train.sbatch` for `train.mjs`, and hands it to `sbatch`. Shortly before its
 * time is over the job saves, stops, and queues again; so it does, without the save, when a node fails. The program resumes by itself.
 * @param start How the script starts `trainyard-mpi`.
 * @throws if there is no `sbatch`, it refuses the job, or a script of somebody else is in the way.
 */
export function submit(options: JobOptions, start: readonly string[], say: (line: string) => void): void {
  const [program] = options.program
  if (program === undefined) return fail('name the program to submit; see trainyard-mpi --help')
  if (options.ranks === undefined) return fail('submit needs -n <number of ranks>')
  if (options.hostfile !== undefined) fail('--hostfile does not go with submit: Slurm chooses the hosts')
  const name = basename(program).replace(/\.[cm]?js$/, '')
  const file = `${name}.sbatch`
  if (existsSync(file) && !readFileSync(file, 'utf8').includes(mark))
    fail(`"${file}" is there, and is not a script that this command has written; rename it`)
  writeFileSync(file, batchScript(name, options, start))
  say(`wrote ${file}`)
  const { error, status, stdout, stderr } = spawnSync('sbatch', ['--parsable', file], { encoding: 'utf8' })
  if (error)
    fail(`there is no sbatch here (${error.message}); submit the script where Slurm is: sbatch ${file}`)
  if (status !== 0) fail(`sbatch has refused ${file}: ${stderr.trim()}`)
  // With several clusters: `4711;cluster`.
  const id = stdout.trim().split(';')[0]!
  say(
    `job ${id}: \`squeue -j ${id}\` tells where it is, \`tail -F slurm-${id}.out\` what it prints, \`scancel ${id}\` ends it with a checkpoint`,
  )
}

/** The script. Only the batch shell gets the notice; a SIGTERM of `scancel` goes to the ranks, and is the end of the job. */
function batchScript(
  name: string,
  { ranks, maxRestarts, launcher, oversubscribe, allowRunAsRoot, sbatch, program }: JobOptions,
  start: readonly string[],
): string {
  const settings = [
    `--job-name=${quoted(name)}`,
    `--ntasks=${ranks}`,
    '--requeue',
    '--open-mode=append',
    `--signal=B:USR1@${notice}`,
    ...sbatch,
  ]
  const options = [
    ...(maxRestarts > 0 ? ['--max-restarts', String(maxRestarts)] : []),
    ...(launcher === undefined ? [] : ['--launcher', launcher]),
    ...(oversubscribe ? ['--oversubscribe'] : []),
    ...(allowRunAsRoot ? ['--allow-run-as-root'] : []),
  ]
  const command = [...start, ...options, '--', ...program]
  return `#!/bin/bash
${mark}
${settings.map((setting) => `#SBATCH ${setting}\n`).join('')}
${command.map(quoted).join(' ')} &
job=$!
# The time is almost over: the ranks save and stop, and this job queues again.
trap 'again=yes; kill -TERM $job' USR1
wait $job
code=$?
# A signal ends the waiting, not the job.
if [ -n "$again" ]; then
  wait $job
  code=$?
fi
if [ -n "$again" ] && [ $code = 143 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit $code
`
}
