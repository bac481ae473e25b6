// Milliseconds a training step of seven small networks, with Adam: on TensorFlow.js as it comes (JavaScript,
// WASM where it can train at all, native TensorFlow), on WASM and native TensorFlow through `useBackend` and
// our optimizer, and in PyTorch on one thread, as the limit. Native TensorFlow and PyTorch take part where
// they are there. Each contender in processes of its own, in turn, since kernels are registered for a whole
// process.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { networks } from '@trainyard/testing'
import { quick, report, say } from './harness/figures.ts'
import { median } from './harness/timing.ts'
import { findContenders } from './wasm/contenders.ts'
import type { Times } from './wasm/times.ts'

const settings = {
  rounds: quick ? 1 : 3,
  seconds: quick ? 0.2 : 1.5, // of measuring, a network and contender
  bars: {
    cpu: 10, // times as fast as the JavaScript backend, geometric mean
    native: 1, // times native TensorFlow's time, or less
  },
}

const contenders = await findContenders(settings.seconds)
const rounds: Record<string, Times>[] = []
for (let round = 0; round < settings.rounds; round++) {
  const times: Record<string, Times> = {}
  for (const { name, command, args } of contenders) {
    // Its steps take seconds; once tells enough about a factor of ten and more.
    if (name === 'stock cpu' && round > 0) continue
    const { stdout } = await promisify(execFile)(command, args, {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
    })
    times[name] = JSON.parse(stdout.split('\n').findLast(Boolean)!) as Times
    say(`round ${round + 1}: ${name}`)
  }
  rounds.push(times)
}

say('milliseconds a step by the clock on the wall:')
for (const { name: network } of networks) {
  const wall = contenders.map(({ name }) => `${name} ${time(network, name, 'wall')?.toFixed(1) ?? '-'}`)
  say(`${network}: ${wall.join(', ')}`)
  for (const { name } of contenders) {
    const value = time(network, name)
    if (value !== undefined) report('wasm', { figure: `${network}, ${name}`, value, unit: 'ms/step' })
  }
}

for (const { name: network } of networks) {
  // Whichever is faster: our gradients make some networks faster on native TensorFlow, too.
  const native = Math.min(...['stock node', 'node'].map((name) => time(network, name) ?? Infinity))
  if (native < Infinity) compare(network, 'native TensorFlow', native, settings.bars.native)
  const torch = time(network, 'torch')
  if (torch !== undefined) compare(network, 'torch', torch)
}

const speedUps = networks.map(({ name }) => time(name, 'stock cpu')! / time(name, 'wasm')!)
const mean = Math.exp(speedUps.reduce((sum, speedUp) => sum + Math.log(speedUp), 0) / speedUps.length)
report('wasm', {
  figure: 'times as fast as stock cpu, geometric mean',
  value: mean,
  unit: 'x',
  bar: { text: `>= ${settings.bars.cpu} x`, met: mean >= settings.bars.cpu },
})

/** Reports how many times another's time ours is. */
function compare(network: string, against: string, theirs: number, limit?: number): void {
  const value = time(network, 'wasm')! / theirs
  const bar = limit === undefined ? {} : { bar: { text: `<= ${limit} x`, met: value <= limit } }
  report('wasm', { figure: `${network}, wasm over ${against}`, value, unit: 'x', ...bar })
}

/** Gives the median over rounds, or undefined where a contender cannot train a network or is not there. */
function time(network: string, contender: string, clock: 'cpu' | 'wall' = 'cpu'): number | undefined {
  const times = rounds.flatMap((round) => round[contender]?.[network]?.[clock] ?? [])
  return times.length > 0 ? median(times) : undefined
}
