// How many scalars a second get to the disk, ten tags, flushed and closed, by the clock on the wall: our writer, those of Python where there are any, and what cannot
// be done without, a copy of the same bytes in memory. And what the logger costs at a step at which it does not log.
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { TensorRefs, Trainer } from '@trainyard/core'
import { TensorboardLogger } from '@trainyard/tensorboard'
import { SummaryWriter } from '@trainyard/tensorboard-plugin-writer'
import { below, quick, report, say } from './harness/figures.ts'
import { pythonWith } from './harness/python.ts'
import { difference, estimateText, interleave, median, ratio } from './harness/timing.ts'

const settings = {
  rounds: quick ? 2 : 15,
  warmUp: quick ? 1 : 3,
  steps: quick ? 1000 : 50_000, // of ten scalars each
  pythonSteps: quick ? 100 : 1000,
  trainer: { blocks: quick ? 3 : 60, warmUp: quick ? 1 : 5, steps: quick ? 10_000 : 100_000, maxSeconds: 60 },
  bars: { torch: 20, idle: 50 },
}
const { bars, rounds, steps, pythonSteps, warmUp } = settings
const tags = Array.from({ length: 10 }, (_, i) => `train/metric_${i}`)
const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
const unit = 'scalars/s'

try {
  await scalars()
  await idleSteps()
} finally {
  rmSync(folder, { recursive: true })
}

async function scalars(): Promise<void> {
  const bytes = eventBytes()
  const copy = new Uint8Array(bytes.length)
  const peers = [peer('torch', ['torch', 'tensorboard']), peer('tensorboardX', ['tensorboardX'])].filter(
    (found) => found !== undefined,
  )
  const rates = {
    ours: [] as number[],
    copied: [] as number[],
    written: [] as number[],
    ...Object.fromEntries(peers.map(({ name }) => [name, [] as number[]])),
  } as Record<string, number[]>
  for (let round = -warmUp; round < rounds; round++) {
    const found: Record<string, number> = {
      ours: (10 * steps) / seconds(writeScalars),
      copied: (10 * steps) / seconds(() => copy.set(bytes)),
      written: (10 * steps) / seconds(() => writeBlocks(bytes)),
    }
    for (const { name, write } of peers) found[name] = (10 * pythonSteps) / (await write(pythonSteps))
    if (round >= 0) for (const [name, rate] of Object.entries(found)) rates[name]!.push(rate)
  }
  for (const { end } of peers) end()

  const ours = median(rates['ours']!)
  report('tensorboard', { figure: 'our writer', value: ours, unit })
  for (const [name, against] of [
    ['copied', 'a copy in memory of the same bytes'],
    ['written', 'the same bytes written in blocks of 64 KiB'],
  ] as const) {
    report('tensorboard', { figure: against, value: median(rates[name]!), unit })
    const share = ratio(rates['ours']!, rates[name]!)
    say(`our writer / ${against}: ${estimateText(share)}`)
  }
  for (const { name } of peers) {
    report('tensorboard', { figure: `writer of ${name}`, value: median(rates[name]!), unit })
    const faster = ratio(rates['ours']!, rates[name]!)
    say(`our writer / writer of ${name}: ${estimateText(faster)}`)
    const isTorch = name === 'torch'
    const bar = { text: `> ${bars.torch}x`, met: faster.value > bars.torch }
    const against = `writer of ${name}`
    report('tensorboard', {
      figure: 'our writer',
      value: ours,
      unit,
      ratio: faster.value,
      against,
      ...(isTorch && { bar }),
    })
  }
}

/** Gives the bytes of the file that `writeScalars` makes. */
function eventBytes(): Uint8Array {
  const directory = join(folder, 'bytes')
  writeScalars(directory)
  const bytes = readFileSync(join(directory, readdirSync(directory)[0]!))
  say(`${10 * steps} scalars a round, ${(bytes.length / 10 / steps).toFixed(1)} bytes each`)
  return bytes
}

function writeScalars(directory = join(folder, 'ours')): void {
  const writer = new SummaryWriter(directory, { onError: 'throw' })
  for (let step = 1; step <= steps; step++) for (const tag of tags) writer.addScalar(tag, step / 2, step)
  writer.flush()
  writer.close()
}

function writeBlocks(bytes: Uint8Array): void {
  const file = openSync(join(folder, 'blocks'), 'w')
  for (let at = 0; at < bytes.length; at += 65_536)
    writeSync(file, bytes, at, Math.min(65_536, bytes.length - at))
  closeSync(file)
}

function seconds(run: () => void): number {
  globalThis.gc?.({ type: 'minor' })
  const before = performance.now()
  run()
  const after = performance.now()
  for (const name of ['ours', 'blocks']) rmSync(join(folder, name), { recursive: true, force: true })
  return (after - before) / 1000
}

/** A writer of Python, in a process that waits for rounds; undefined where it is not installed. */
function peer(name: string, modules: readonly string[]) {
  const python = pythonWith(modules)
  if (!python) {
    say(
      `not compared with ${name}: no Python has ${modules.join(' and ')}; name one that has with TRAINYARD_PYTHON`,
    )
    return undefined
  }
  const program = fileURLToPath(new URL('../src/tensorboard/scalars.py', import.meta.url))
  const child = spawn(python, [program, name], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const write = async (count: number): Promise<number> => {
    child.stdin.write(`${count}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`the writer of ${name} ended`)
    return Number(value)
  }
  return { name, write, end: () => child.stdin.end() }
}

/** Compares training with the logger and without, on a module that does nothing, at steps at which nothing is logged. */
async function idleSteps(): Promise<void> {
  const { trainer: block } = settings
  const refs = new TensorRefs()
  const module = {
    optimizers: [{ learningRate: 0.1 }],
    sum: 0,
    trainBatch(batch: number) {
      this.sum += batch
      return { outputs: { loss: this.sum }, examples: 64 }
    },
    optimizerStep() {},
    tensor: (name: 'loss') => refs.get(name),
    getState: () => ({}),
    updateState() {},
  }
  const data = Array.from({ length: block.steps }, (_, i) => i % 7)
  const logger = new TensorboardLogger(new SummaryWriter(join(folder, 'idle')), { stepFreq: 1e9 })
  const times = await interleave(
    {
      without: () => new Trainer({ module, data, maxEpochs: 1 }).train(),
      with: () => new Trainer({ module, data, maxEpochs: 1, callbacks: [logger] }).train(),
    },
    block,
  )
  const { value, low, high } = difference(times.with, times.without)
  const cost = { value: 1000 * value, low: 1000 * low, high: 1000 * high }
  say(`TensorboardLogger, a step at which it does not log: ${estimateText(cost)} ns`)
  report('tensorboard', {
    figure: 'TensorboardLogger, a step without a log',
    value: cost.value,
    unit: 'ns/step',
    against: 'the trainer without it',
    bar: below(bars.idle, 'ns', cost.value),
  })
}
