// `trainyard-mpi submit` against programs that stand for those of Slurm: they write down what they are asked for, srun runs one rank, scancel signals it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { bundlePrograms, temporaryFolder } from '../../../test/program.ts'

vi.setConfig({ testTimeout: 60_000 })

let command: string
beforeAll(async () => {
  command = (await bundlePrograms(new URL('../src/trainyard-mpi.ts', import.meta.url)))[0]!
})

interface Cluster {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** What a program of Slurm was asked for, a line a call. */
  asked(program: string): string
}

/** Makes a folder with a training program, and another for the programs of Slurm. */
function cluster({ sbatch = 'echo "4711;cluster"' } = {}): Cluster {
  const [folder, bin] = [temporaryFolder(), temporaryFolder()]
  const write = (name: string, text: string): void =>
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 })
  const note = (name: string): string => `echo "$@" >> '${join(bin, `${name}.asked`)}'`
  write('sbatch', `${note('sbatch')}\n${sbatch}`)
  const pid = join(bin, 'srun.pid')
  write('scancel', `${note('scancel')}\nkill -TERM $(cat '${pid}')`)
  write(
    'scontrol',
    `${note('scontrol')}
case $2 in step) echo "StepId=4711.0 State=RUNNING SrunHost:Pid=here:$(cat '${pid}')" ;; job) echo 'JobState=RUNNING' ;; esac`,
  )
  write(
    'srun',
    `case $1 in --version) echo slurm 24.05; exit ;; --mpi=list) echo pmix; exit ;; esac
${note('srun')}
echo $$ > '${pid}'
while [ "\${1#-}" != "$1" ]; do shift; done
SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1 exec "$@"`,
  )
  // As a training does: it ends when it is through, or with 143 after a SIGTERM.
  writeFileSync(
    join(folder, 'train.mjs'),
    `import { writeFileSync } from 'node:fs'
const [, , code, ...rest] = process.argv
writeFileSync('told.json', JSON.stringify({ rest, tasks: process.env.SLURM_NTASKS, restarts: process.env.TRAINYARD_RESTARTS, pid: process.pid }))
if (code === 'wait') {
  process.on('SIGTERM', () => process.exit(143))
  setInterval(() => {}, 1000)
  console.log('ready')
} else process.exitCode = Number(code)`,
  )
  return {
    folder,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    asked: (name) => {
      const file = join(bin, `${name}.asked`)
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
  }
}

function trainyardMpi(
  { folder, env }: Cluster,
  ...args: string[]
): { status: number | null; said: string; script: () => string } {
  const { status, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  return { status, said: stderr, script: () => readFileSync(join(folder, 'train.sbatch'), 'utf8') }
}

/** Runs a script as Slurm does in a job of 8 tasks. */
function runScript({ folder, env }: Cluster): ChildProcess {
  const child = spawn('bash', ['train.sbatch'], {
    cwd: folder,
    env: { ...env, SLURM_JOB_ID: '4711', SLURM_NTASKS: '8', SLURM_PROCID: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.on('exit', done))
}

test('submit writes a script, hands it to sbatch, and says what to do next', () => {
  const slurm = cluster()
  const options = [
    '-n',
    '8',
    '--max-restarts',
    '2',
    '--sbatch',
    '--time=8:00:00',
    '--sbatch=--partition=long',
  ]
  const { status, said, script } = trainyardMpi(slurm, 'submit', ...options, 'train.mjs', '0', "it's")
  expect(status).toBe(0)
  expect(slurm.asked('sbatch')).toBe('--parsable train.sbatch\n')
  expect(said).toContain('[trainyard-mpi] wrote train.sbatch\n[trainyard-mpi] job 4711: `squeue -j 4711`')
  expect(said).toContain('tail -F slurm-4711.out')
  expect(script().match(/^#SBATCH .*$/gm)).toEqual([
    '#SBATCH --job-name=train',
    '#SBATCH --ntasks=8',
    '#SBATCH --requeue',
    '#SBATCH --open-mode=append',
    '#SBATCH --signal=B:USR1@120',
    '#SBATCH --time=8:00:00',
    '#SBATCH --partition=long',
  ])
  // The same command again is no problem.
  const others = ['--launcher', 'mpirun', '--oversubscribe', '--allow-run-as-root']
  expect(trainyardMpi(slurm, 'submit', '-n', '4', ...others, 'train.mjs').status).toBe(0)
  expect(script()).toContain('--ntasks=4\n')
  expect(script()).toContain(`${others.join(' ')} -- train.mjs &\n`)
})

test('the script runs the program on the tasks of the job, as often as it may fail, and gives its exit code', async () => {
  const slurm = cluster()
  trainyardMpi(slurm, 'submit', '-n', '8', '--max-restarts', '1', 'train.mjs', '0', "it's", '-n')
  expect(await exitCode(runScript(slurm))).toBe(0)
  expect(slurm.asked('srun')).toMatch(
    /^--mpi=pmix --cpu-bind=none --kill-on-bad-exit=1 \S*node train.mjs 0 it's -n\n$/,
  )
  expect(JSON.parse(readFileSync(join(slurm.folder, 'told.json'), 'utf8'))).toEqual({
    rest: ["it's", '-n'],
    tasks: '8',
    restarts: '0',
    pid: expect.any(Number),
  })
  trainyardMpi(slurm, 'submit', '-n', '8', '--max-restarts', '1', 'train.mjs', '7')
  expect(await exitCode(runScript(slurm))).toBe(7)
  expect(JSON.parse(readFileSync(join(slurm.folder, 'told.json'), 'utf8'))).toMatchObject({ restarts: '1' })
  expect(slurm.asked('scontrol')).toBe('')
})

test.each([
  ['USR1, when its time is almost over', 'SIGUSR1', 'requeue 4711', '--signal=TERM 4711.0\n'],
  ['TERM to the program, as scancel sends it', 'SIGTERM', '', ''],
] as const)(
  '%s: the ranks stop; only the first puts the job into the queue again',
  async (_what, signal, queued, cancelled) => {
    const slurm = cluster()
    trainyardMpi(slurm, 'submit', '-n', '8', '--max-restarts', '3', 'train.mjs', 'wait')
    const job = runScript(slurm)
    await new Promise((ready) => job.stdout!.once('data', ready))
    if (signal === 'SIGUSR1') job.kill(signal)
    else
      process.kill(
        (JSON.parse(readFileSync(join(slurm.folder, 'told.json'), 'utf8')) as { pid: number }).pid,
        signal,
      )
    expect(await exitCode(job)).toBe(143)
    expect(/^requeue.*/m.exec(slurm.asked('scontrol'))?.[0] ?? '').toBe(queued)
    expect(slurm.asked('scancel')).toBe(cancelled)
    expect(slurm.asked('srun').trim().split('\n')).toHaveLength(1)
  },
)

test('what cannot be submitted says why', () => {
  const slurm = cluster({ sbatch: 'echo "sbatch: error: invalid partition" >&2; exit 1' })
  const said = (...args: string[]): string => {
    const { status, said: text } = trainyardMpi(slurm, ...args)
    expect(status).toBe(1)
    return text
  }
  expect(said('submit', 'train.mjs')).toContain('submit needs -n <number of ranks>')
  expect(said('submit', '-n', '2')).toContain('name the program to submit')
  expect(said('submit', '-n', '2', '--hostfile', 'hosts', 'train.mjs')).toContain('Slurm chooses the hosts')
  expect(said('--sbatch', '--time=1', 'train.mjs')).toContain(
    '--sbatch is an option of `trainyard-mpi submit`',
  )
  expect(said('submit', '-n', '2', 'train.mjs')).toContain(
    'sbatch has refused train.sbatch: sbatch: error: invalid',
  )
  writeFileSync(join(slurm.folder, 'train.sbatch'), '#!/bin/bash\necho mine\n')
  expect(said('submit', '-n', '2', 'train.mjs')).toContain(
    '"train.sbatch" is there, and is not a script that',
  )
  const nowhere = { ...slurm, env: { ...slurm.env, PATH: '' } }
  writeFileSync(join(slurm.folder, 'train.sbatch'), '')
  expect(trainyardMpi(nowhere, 'submit', '-n', '2', 'other.mjs').said).toContain(
    'there is no sbatch here (spawnSync sbatch ENOENT); submit the script where Slurm is: sbatch other.sbatch',
  )
})
