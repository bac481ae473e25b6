// All-reduce through `mpi()` against a C program that calls the same library, and a training step on two ranks against one, and against two processes that do not know each other, which is as fast as it can be; skipped where there is no MPI with its
// compiler (`apt-get install openmpi-bin libopenmpi-dev`). Ranks are this same program: `mpi.js sum …`, `mpi.js train …`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quick, report, say } from './harness/figures.ts'
import { sumBuffers, trainSteps } from './mpi/ranks.ts'

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
/** A round of steps takes a minute. */
const stepRounds = quick ? 1 : 3
const steps = quick ? 5 : 30
/** Networks, and examples a step: a perceptron has many weights for what it computes, so there is much to reduce; convolutions have few. */
const workloads = [
  { network: 'perceptron', batchSize: 256 },
  { network: 'perceptron', batchSize: 1024 },
  { network: 'convolutions', batchSize: 256 },
] as const

const [task, ...taskArguments] = process.argv.slice(2)
if (task === 'sum') await sumBuffers(taskArguments)
else if (task === 'train' || task === 'alone')
  await trainSteps(taskArguments[0]!, Number(taskArguments[1]), Number(taskArguments[2]), task === 'alone')
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
  const found = { one: [] as number[], two: [] as number[], shares: [] as number[], limit: [] as number[] }
  const program = (what: string, batch: number): string[] => [
    process.execPath,
    process.argv[1]!,
    what,
    network,
    String(steps),
    String(batch),
  ]
  for (let round = 0; round < stepRounds; round++) {
    const [node, ...args] = program('alone', batchSize)
    const one = run(node!, args) as { step: number }
    const two = onRanks(flavour, 2, program('train', batchSize)) as { step: number; communication: number }
    const apart = onRanks(flavour, 2, program('alone', batchSize / 2)) as { step: number }
    found.one.push(one.step)
    found.two.push(two.step)
    found.shares.push((100 * two.communication) / two.step)
    found.limit.push(apart.step)
  }
  const [one, two, limit] = [median(found.one), median(found.two), median(found.limit)]
  report('mpi', {
    figure: `${flavour}: step on two ranks: ${work}`,
    value: two,
    unit: 'ms',
    ratio: two / one,
    against: 'one process',
    bar: { text: '1.6 times as fast', met: one / two >= 1.6 },
  })
  report('mpi', {
    figure: `${flavour}: limit, two processes that share nothing: ${work}`,
    value: limit,
    unit: 'ms',
    ratio: limit / one,
    against: 'one process',
  })
  report('mpi', {
    figure: `${flavour}: share of communication: ${work}`,
    value: median(found.shares),
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
