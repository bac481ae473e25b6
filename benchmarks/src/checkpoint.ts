// What a checkpoint costs, over what cannot be avoided: a copy of the same bytes for the time that an asynchronous save stops the loop, a
// plain write and fsync of them for a synchronous one, a plain read for a load. Each pair in turn in one process, by the clock on the wall,
// because disks and threads are what it is about. Peak memory in processes of its own.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { createSaver, readCheckpoint, removeCheckpoint, writeCheckpoint } from '@trainyard/checkpointer'
import type { Checkpoint } from '@trainyard/core'
import { functionModule, sgd, useBackend } from '@trainyard/tfjs'
import { below, quick, report, say } from './harness/figures.ts'
import { estimateText, median, ratio } from './harness/timing.ts'

const settings = {
  tensors: 64,
  bytes: quick ? 16e6 : 256e6,
  rounds: quick ? 2 : 15,
  bars: { stall: 1.5, save: 1.3, load: 1.5, memory: 2.2 },
}
const { bars, rounds, tensors } = settings
const elements = Math.floor(settings.bytes / tensors / 4)
const bytes = elements * 4 * tensors
const megabytes = `${Math.round(bytes / 1e6)} MB in ${tensors} tensors`

const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
const [, , task] = process.argv
if (task === 'sync' || task === 'async') await peakMemory(task)
else
  try {
    await compareAll()
  } finally {
    rmSync(folder, { recursive: true })
  }

async function compareAll(): Promise<void> {
  say(`${megabytes}, ${rounds} rounds`)
  const arrays = Array.from({ length: tensors }, (_, i) => numbers(i))
  const checkpoint = checkpointOf(arrays)
  await asyncSaves(arrays, checkpoint)
  await syncSaves(arrays, checkpoint)
  await loads(checkpoint)
  await wasmSaves(arrays)
  for (const kind of ['async', 'sync'] as const) {
    const options = process.argv.slice(2)
    const { stdout, stderr, status } = spawnSync(process.execPath, [process.argv[1]!, kind, ...options], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
    const peak = Number(stdout)
    const figure = `peak memory, ${kind === 'sync' ? 'synchronous' : 'asynchronous'} saves`
    report('checkpoint', {
      figure,
      value: peak,
      unit: 'MB',
      ratio: (peak * 1e6) / bytes,
      against: 'the state',
      bar: below(bars.memory, 'x', (peak * 1e6) / bytes),
    })
  }
}

/** Numbers with no pattern that a disk or a processor could make use of. */
function numbers(seed: number): Float32Array {
  const words = new Uint32Array(elements)
  let state = seed + 1
  for (let i = 0; i < elements; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    // No NaN, so that no comparison goes wrong.
    words[i] = state & 0xbfffffff
  }
  return new Float32Array(words.buffer)
}

function checkpointOf(arrays: readonly Float32Array[]): Checkpoint {
  const weights = Object.fromEntries(
    arrays.map((data, i) => [`dense_${i}/kernel`, { shape: [elements], data }]),
  )
  return { module: { weights }, trainer: { step: 1, epoch: 0, batch: 1 } }
}

/** Buffers as those of an asynchronous save: shared, and touched before. */
function preparedBuffers(): Float32Array[] {
  return Array.from({ length: tensors }, () => new Float32Array(new SharedArrayBuffer(elements * 4)).fill(1))
}

async function asyncSaves(arrays: readonly Float32Array[], checkpoint: Checkpoint): Promise<void> {
  const saver = createSaver({ async: true })
  const path = join(folder, 'async')
  const fresh = await time(() => {
    for (const array of arrays) new Float32Array(new SharedArrayBuffer(elements * 4)).set(array)
  })
  const first = await time(() => saver.save({ path, checkpoint }))
  report('checkpoint', {
    figure: 'asynchronous save, the first, stops the loop for',
    value: first,
    unit: 'ms',
    ratio: first / fresh,
    against: 'a copy into fresh buffers',
  })
  await saver.drain()
  const buffers = preparedBuffers()
  const [stalls, copies] = await alternate(
    { run: () => saver.save({ path, checkpoint }), after: () => saver.drain() },
    {
      run: () => {
        for (const [i, array] of arrays.entries()) buffers[i]!.set(array)
      },
    },
  )
  compare('asynchronous save stops the loop for', stalls, 'a copy into prepared buffers', copies, bars.stall)
  await saver.close()
}

async function syncSaves(arrays: readonly Float32Array[], checkpoint: Checkpoint): Promise<void> {
  const path = join(folder, 'sync')
  const raw = join(folder, 'raw')
  const [saves, writes] = await alternate(
    { run: () => writeCheckpoint(path, checkpoint), after: () => removeCheckpoint(path) },
    {
      async run() {
        const file = await open(raw, 'wx')
        for (const array of arrays) await file.write(array)
        await file.sync()
        await file.close()
      },
      after: () => rm(raw),
    },
  )
  compare('synchronous save, with checksums', saves, 'a plain write and fsync', writes, bars.save)
}

async function loads(checkpoint: Checkpoint): Promise<void> {
  const path = join(folder, 'load')
  await writeCheckpoint(path, checkpoint)
  const [verified, reads] = await alternate(
    { run: () => readCheckpoint(path) },
    {
      run: () =>
        Promise.all(
          ['model.safetensors', 'trainer.json', 'manifest.json'].map((name) => readFile(join(path, name))),
        ),
    },
  )
  compare('load, verified', verified, 'a plain read', reads, bars.load)
  say(`on disk: ${(statSync(join(path, 'model.safetensors')).size / 1e6).toFixed(1)} MB`)
}

/** The same through tensors on the WASM backend, whose memory is not JavaScript's: to read one makes a copy. */
async function wasmSaves(arrays: readonly Float32Array[]): Promise<void> {
  await useBackend('wasm', console.error)
  const variables = arrays.map((array) => tf.variable(tf.tensor1d(array)))
  const named = Object.fromEntries(variables.map((variable, i) => [`dense_${i}/kernel`, variable]))
  const forward = (): { loss: tf.Scalar } => ({ loss: variables[0]!.sum().asScalar() })
  const module = functionModule({ variables: named, forward, optimizer: sgd({ learningRate: 1 }) })
  const saver = createSaver({ async: true })
  const path = join(folder, 'wasm')
  const save = async () => saver.save({ path, checkpoint: { module: await module.getState() } })
  await save()
  await saver.drain()
  const buffers = preparedBuffers()
  const [stalls, copies] = await alternate(
    { run: save, after: () => saver.drain() },
    {
      run: () => {
        for (const [i, variable] of variables.entries()) buffers[i]!.set(variable.dataSync<'float32'>())
      },
    },
  )
  compare(
    'asynchronous save of WASM tensors stops the loop for',
    stalls,
    'reading them into prepared buffers',
    copies,
    bars.stall,
  )
  await saver.close()
}

interface Contender {
  run(): unknown
  /** What does not count. */
  after?(): unknown
}

/** Times two in turn, in an order that changes from round to round; gives the milliseconds of each round. */
async function alternate(a: Contender, b: Contender): Promise<[number[], number[]]> {
  const times = new Map<Contender, number[]>([a, b].map((contender) => [contender, []]))
  for (let round = -1; round < rounds; round++)
    for (const contender of round % 2 === 0 ? [a, b] : [b, a]) {
      globalThis.gc?.()
      const taken = await time(() => contender.run())
      if (round >= 0) times.get(contender)!.push(taken)
      await contender.after?.()
    }
  return [times.get(a)!, times.get(b)!]
}

async function time(run: () => unknown): Promise<number> {
  const before = performance.now()
  await run()
  return performance.now() - before
}

function compare(
  figure: string,
  ours: readonly number[],
  against: string,
  theirs: readonly number[],
  limit: number,
): void {
  const estimate = ratio(ours, theirs)
  const times = (values: readonly number[]): string =>
    `median ${median(values).toFixed(0)} ms, least ${Math.min(...values).toFixed(0)} ms`
  say(`${figure}: ${times(ours)}; ${against}: ${times(theirs)}; ratio ${estimateText(estimate)}`)
  report('checkpoint', { figure: against, value: median(theirs), unit: 'ms' })
  report('checkpoint', {
    figure,
    value: median(ours),
    unit: 'ms',
    ratio: estimate.value,
    against,
    bar: below(limit, 'x', estimate.value),
  })
}

/** Prints by how many megabytes the process grows through a state and some saves of it, at the most. */
async function peakMemory(kind: 'sync' | 'async'): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const before = process.memoryUsage.rss()
  const checkpoint = checkpointOf(Array.from({ length: tensors }, (_, i) => numbers(i)))
  const saver = createSaver({ async: kind === 'async' })
  for (let i = 0; i < 3; i++) await saver.save({ path: join(folder, `save ${i}`), checkpoint })
  await saver.drain()
  await saver.close()
  rmSync(folder, { recursive: true })
  console.log(String((peakBytes() - before) / 1e6))
}

function peakBytes(): number {
  // On Linux the other figure includes what the parent had when it started this process.
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : ''
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS
  return Number(kilobytes) * 1024
}
