// All-reduce through `mpi()` against a C program that calls the same library, and a training step on two ranks against one process, and against two processes that exchange nothing, which is as fast as it can be; skipped where there is no MPI with its
// compiler (`apt-get install openmpi-bin libopenmpi-dev`). Ranks are this same program: `mpi.js sum …`, `mpi.js train …`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quick, report, say } from './harness/figures.ts'
import { type StepTimes, timeSteps } from './mpi/steps.ts'
import { sumBuffers } from './mpi/sums.ts'

const kilobyte = 1024
const megabyte = kilobyte ** 2
/** Bytes, and how often a program sums them. */
const sizes = [
  [kilobyte, quick ? 50 : 2000],
  [megabyte, quick ? 10 : 200],
  [25 * megabyte, quick ? 3 : 20],
  [100 * megabyte, quick ? 2 : 8],
] as const
const rounds = quick ? 1 : 5
/** Rounds of steps, and how many of each kind are done in one. */
const stepRounds = quick ? 1 : 11
const steps = quick ? 5 : 10
/** Networks, and examples a step: a perceptron has many weights for what it computes, so there is much to reduce; convolutions have few. */
const workloads = [
  { network: 'perceptron', batchSize: 256 },
  { network: 'perceptron', batchSize: 1024 },
  { network: 'convolutions', batchSize: 256 },
] as const

const [task, ...taskArguments] = process.argv.slice(2)
if (task === 'sum') await sumBuffers(taskArguments)
else if (task === 'train')
  await timeSteps(
    taskArguments[0]!,
    ...(taskArguments.slice(1).map(Number) as [batchSize: number, rounds: number, steps: number]),
  )
else for (const flavour of ['openmpi', 'mpich']) benchmark(flavour)

function benchmark(flavour: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-mpi-'))
  try {
    const c = join(folder, 'all-reduce')
    const source = fileURLToPath(new URL('../src/mpi/all-reduce.c', import.meta.url))
    const { status } = spawnSync(`mpicc.${flavour}`, ['-O2', source, '-o', c])
    if (status !== 0) return say(`${flavour}: skipped, there is no mpicc.${flavour}`)
    measureSums(flavour, c)
    for (const workload of workloads) measureSteps(flavour, workload)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function measureSums(flavour: string, c: string): void {
  const pairs = sizes.flat().map(String)
  const times = new Map(sizes.map(([bytes]) => [bytes, { c: [] as number[], node: [] as number[] }]))
  // In turn, for what else the machine does.
  for (let round = 0; round < rounds; round++)
    for (const [kind, program] of [
      ['c', [c]],
      ['node', [process.execPath, process.argv[1]!, 'sum']],
    ] as const) {
      const seconds = onRanks(flavour, 2, [...program, ...pairs]) as Record<string, number[]>
      for (const [bytes, found] of times) found[kind].push(...seconds[bytes]!)
    }
  for (const [bytes, found] of times) {
    const [ours, theirs] = [found.node, found.c].map(best) as [number, number]
    const amount = bytes < megabyte ? `${bytes / kilobyte} KB` : `${bytes / megabyte} MB`
    say(
      `${flavour}: ${amount}: best ${micro(ours)} of Node, ${micro(theirs)} of C; medians ${micro(median(found.node))}, ${micro(median(found.c))}`,
    )
    report('mpi', {
      figure: `${flavour}: all-reduce of ${amount}`,
      value: 1e6 * ours,
      unit: 'µs',
      ratio: ours / theirs,
      against: 'C',
      bar: { text: '0.9 times as fast as C', met: theirs / ours >= 0.9 },
    })
  }
}

function measureSteps(flavour: string, { network, batchSize }: (typeof workloads)[number]): void {
  const work = `${network}, ${batchSize} examples`
  const plan = [network, batchSize, stepRounds, steps].map(String)
  const times = onRanks(flavour, 2, [process.execPath, process.argv[1]!, 'train', ...plan]) as StepTimes[]
  const middle = (of: (round: StepTimes) => number): number => median(times.map(of))
  // Of each round, in which the machine is the same for all.
  const ratio = middle(({ one, two }) => two / one)
  report('mpi', {
    figure: `${flavour}: step on two ranks: ${work}`,
    value: middle(({ two }) => two),
    unit: 'ms',
    ratio,
    against: 'one process',
    bar: { text: '1.6 times as fast', met: 1 / ratio >= 1.6 },
  })
  const limits = {
    'two processes that exchange nothing': ({ apart }: StepTimes) => apart,
    'the same, each step begun together': ({ inStep }: StepTimes) => inStep,
  }
  for (const [limit, of] of Object.entries(limits))
    report('mpi', {
      figure: `${flavour}: limit, ${limit}: ${work}`,
      value: middle(of),
      unit: 'ms',
      ratio: middle((round) => of(round) / round.one),
      against: 'one process',
    })
  report('mpi', {
    figure: `${flavour}: share of communication: ${work}`,
    value: middle(({ two, communication }) => (100 * communication) / two),
    unit: '%',
  })
}

function onRanks(flavour: string, ranks: number, program: readonly string[]): unknown {
  const root = process.getuid?.() === 0 ? ['--allow-run-as-root'] : []
  const flags =
    flavour === 'openmpi' ? ['--bind-to', 'none', '--oversubscribe', ...root] : ['-bind-to', 'none']
  return run(`mpirun.${flavour}`, ['-n', String(ranks), ...flags, ...program])
}

/** Runs a program and gives the JSON of its last line. */
function run(command: string, args: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 })
  if (status !== 0) throw new Error(`${command} failed (${status}): ${stderr}`)
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

function best(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[0]!
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function micro(seconds: number): string {
  return `${(1e6 * seconds).toFixed(1)} µs`
}
