import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Command, commandOf, commandText } from '../src/launcher/command.ts'
import { runJob } from '../src/launcher/job.ts'
import { stopOf } from '../src/launcher/stop.ts'
import { readJobOptions } from '../src/launcher/job-options.ts'
import { findLauncher, type Launcher } from '../src/launcher/launchers.ts'
import { refuseRoot } from '../src/launcher/root.ts'

const openMpi: Launcher = { kind: 'Open MPI', command: 'mpirun', version: '4.1' }
const mpich: Launcher = { kind: 'MPICH', command: 'mpirun.mpich', version: 'hydra 4.0' }
const slurm: Launcher = { kind: 'Slurm', command: 'srun', version: 'slurm 24.05' }

function lineOf(launcher: Launcher, args: string, plugins = ''): string {
  const env = { TRAINYARD_RESTARTS: '2', TRAINYARD_JOB: 'a b' }
  return commandText(commandOf(launcher, readJobOptions(args.split(' ')), env, () => plugins))
}

test('a job becomes the command line of each launcher', () => {
  const args = '-n 4 --hostfile hosts --oversubscribe --allow-run-as-root train.mjs --lr 0.1'
  expect(lineOf(openMpi, args)).toBe(
    `TRAINYARD_RESTARTS=2 TRAINYARD_JOB='a b' mpirun -n 4 --hostfile hosts --bind-to none --oversubscribe --allow-run-as-root -x TRAINYARD_RESTARTS -x TRAINYARD_JOB ${process.execPath} train.mjs --lr 0.1`,
  )
  expect(lineOf(mpich, args)).toBe(
    `TRAINYARD_RESTARTS=2 TRAINYARD_JOB='a b' mpirun.mpich -n 4 -f hosts -bind-to none ${process.execPath} train.mjs --lr 0.1`,
  )
  expect(lineOf(slurm, 'train.mjs', 'MPI plugin types are...\n none\n pmi2\n pmix')).toBe(
    `TRAINYARD_RESTARTS=2 TRAINYARD_JOB='a b' srun --mpi=pmix --cpu-bind=none --kill-on-bad-exit=1 ${process.execPath} train.mjs`,
  )
  expect(lineOf(slurm, '-n 8 --oversubscribe ./program', 'none pmi2')).toBe(
    "TRAINYARD_RESTARTS=2 TRAINYARD_JOB='a b' srun -n 8 --mpi=pmi2 --cpu-bind=none --kill-on-bad-exit=1 --overcommit ./program",
  )
})

test('words that a shell would take apart are quoted', () => {
  const program = commandOf(mpich, { ...readJobOptions(['x']), program: ['run', "it's", '{"a":1}'] }, {})
  expect(commandText(program)).toMatch(/run 'it'\\''s' '\{"a":1\}'$/)
})

test('options after the program are those of the program', () => {
  const options = readJobOptions(['-n=2', '--max-restarts', '3', '--launcher', 'srun', 'a.mjs', '-n', '9'])
  expect(options).toMatchObject({ ranks: 2, maxRestarts: 3, launcher: 'srun', program: ['a.mjs', '-n', '9'] })
  expect(readJobOptions(['--', '-odd']).program).toEqual(['-odd'])
})

test.each([
  [['-n', '0', 'a.mjs'], '[mpi] -n must be a whole number of at least 1, not 0'],
  [['--max-restarts', 'x'], '[mpi] --max-restarts must be a whole number of at least 0, not x'],
  [['-n'], '[mpi] -n needs a value; see trainyard-mpi --help'],
  [['--ranks', '4'], '[mpi] there is no option --ranks; see trainyard-mpi --help'],
])('%j is refused', (args, message) => {
  expect(() => readJobOptions(args)).toThrow(message)
})

test('the launcher is the one that is named, srun in a job of Slurm, else mpirun or mpiexec', () => {
  const versions: Record<string, string> = {
    mpirun: 'mpirun (Open MPI) 4.1.4\n\nReport bugs',
    'mpirun.mpich': 'HYDRA build details:\n    Version:                                 4.0.2\n',
    mpiexec: 'Intel(R) MPI Library for Linux* OS, Version 2021.9\n',
    srun: 'slurm-wlm 22.05.8\n',
    node: 'v20.20.2\n',
  }
  const asked = (command: string): string | undefined => versions[command]
  const find = (named?: string, env = {}): Launcher => findLauncher(named, env, asked)
  expect(find()).toEqual({ kind: 'Open MPI', command: 'mpirun', version: 'mpirun (Open MPI) 4.1.4' })
  expect(find('mpirun.mpich')).toEqual({ kind: 'MPICH', command: 'mpirun.mpich', version: 'hydra 4.0.2' })
  expect(find(undefined, { SLURM_JOB_ID: '7' })).toMatchObject({ kind: 'Slurm', command: 'srun' })
  expect(() => find('node')).toThrow(
    '[mpi] "node" is neither of Open MPI, of MPICH nor of Slurm; it says: v20.20.2',
  )
  expect(() => find('orterun')).toThrow('[mpi] there is no program "orterun"; correct --launcher')
  delete versions['mpirun']
  expect(find()).toMatchObject({ kind: 'MPICH', command: 'mpiexec' })
  delete versions['mpiexec']
  expect(() => find()).toThrow('[mpi] neither mpirun nor mpiexec is there; install Open MPI or MPICH')
})

test('root is told how to let Open MPI start the job, unless it has been let already', () => {
  const start = (launcher: Launcher, args: string[], uid: number | undefined, env = {}): void =>
    refuseRoot(launcher, readJobOptions([...args, 'a.mjs']), { uid, env })
  expect(() => start(openMpi, [], 0)).toThrow(
    /^\[mpi\] you are root, as whom Open MPI starts nothing.*add --allow-run-as-root.*as another user$/,
  )
  const half = { OMPI_ALLOW_RUN_AS_ROOT: '1' }
  expect(() => start(openMpi, [], 0, half)).toThrow('OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1')
  start(openMpi, [], 0, { ...half, OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' })
  start(openMpi, ['--allow-run-as-root'], 0)
  start(openMpi, [], 1000)
  start(openMpi, [], undefined)
  start(mpich, [], 0)
  start(slurm, [], 0)
})

/** A job that writes down each of its lives, and ends with the exit code of that life. */
function lives(
  codes: readonly number[],
  then = '',
): { make: (restarts: number) => Command; lives: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-mpi-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'lives')
  writeFileSync(file, '')
  const program = `
    require('fs').appendFileSync(process.argv[1], process.env.TRAINYARD_RESTARTS)
    process.exitCode = ${JSON.stringify(codes)}[process.env.TRAINYARD_RESTARTS]
    ${then}`
  return {
    make: (restarts) => ({
      command: process.execPath,
      args: ['-e', program, file],
      env: { TRAINYARD_RESTARTS: String(restarts) },
      stop: stopOf('Open MPI'),
    }),
    lives: () => readFileSync(file, 'utf8'),
  }
}

test('a job that fails is started again, as often as it may be', async () => {
  const said: string[] = []
  const job = lives([137, 0])
  expect(await runJob(job.make, 3, (line) => void said.push(line))).toBe(0)
  expect(job.lives()).toBe('01')
  expect(said).toContain('the job failed (exit code 137); restart 1 of 3')
  const hopeless = lives([1, 2, 3])
  expect(await runJob(hopeless.make, 1, () => {})).toBe(2)
  expect(hopeless.lives()).toBe('01')
})

test('a job that was stopped by a signal is not started again', async () => {
  const job = lives([143])
  expect(await runJob(job.make, 3, () => {})).toBe(143)
  expect(job.lives()).toBe('0')
})

test('a launcher that goes on waiting after a rank has ended the job is killed', async () => {
  const job = lives(
    [],
    `process.stderr.write('[rank 1 of 2] lost; ending the job')
    setTimeout(() => console.error(' (exit code 75)'), 20)
    setInterval(() => {}, 1000)`,
  )
  expect(await runJob(job.make, 1, () => {}, 50)).toBe(75)
  expect(job.lives()).toBe('01')
})

test('a signal to the launcher asks the job to stop, and is the end of it', async () => {
  const job = lives(
    [1],
    "setInterval(() => {}, 1000); process.on('SIGUSR2', () => process.exit(1)); process.kill(process.ppid, 'SIGTERM')",
  )
  const listeners = process.listenerCount('SIGTERM')
  expect(await runJob(job.make, 3, () => {})).toBe(143)
  expect(job.lives()).toBe('0')
  expect(process.listenerCount('SIGTERM')).toBe(listeners)
})

describe('a job of Slurm', () => {
  const step = 'StepId=7.1 UserId=0 State=RUNNING Tasks=2 Name=node SrunHost:Pid=login:4711'
  const other = 'StepId=8.0 UserId=0 State=RUNNING Tasks=2 Name=node SrunHost:Pid=login:14711'

  /** Stops a launcher that is process 4711, and gives what Slurm was asked, and which signals the launcher got itself. */
  function stopWith(answers: Readonly<Record<string, string>>): { asked: string[]; signals: unknown[] } {
    const asked: string[] = []
    const signals: unknown[] = []
    const stop = stopOf('Slurm', (command, args) => {
      const line = [command, ...args].join(' ')
      asked.push(line)
      return answers[line]
    })
    const launcher = { pid: 4711, kill: (signal?: unknown) => signals.push(signal) > 0 }
    expect(stop(launcher)).toBe(true)
    return { asked, signals }
  }

  test('is told to stop by Slurm, each rank by itself: srun would kill them', () => {
    const { asked, signals } = stopWith({
      'scontrol show step --oneliner': `${other}\n${step} \n`,
      'scontrol show job 7': 'JobId=7\n   JobState=RUNNING Reason=None',
      'scancel --signal=TERM 7.1': '',
    })
    expect(asked.at(-1)).toBe('scancel --signal=TERM 7.1')
    expect(signals).toEqual([])
  })

  test('is not told again what scancel has told it', () => {
    const { asked, signals } = stopWith({
      'scontrol show step --oneliner': step,
      'scontrol show job 7': '   JobState=COMPLETING Reason=None',
    })
    expect(asked).not.toContain('scancel --signal=TERM 7.1')
    expect(signals).toEqual([])
  })

  test('that has no ranks yet is ended', () => {
    expect(stopWith({ 'scontrol show step --oneliner': other }).signals).toEqual(['SIGTERM'])
  })
})
