// A part of a run in a process of its own: `node resume-worker.mjs <backend> <steps> <state to go on from, or -> <state to write>`.
import { readFileSync, writeFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { type Checkpoint, Trainer } from '@trainyard/core'
import {
  adagrad,
  adam,
  adamW,
  cosine,
  linearWarmup,
  type Optimizer,
  rmsprop,
  sgd,
  useBackend,
} from '../src/index.ts'
import { classifier, points } from './models.ts'

const optimizers: Record<string, () => Optimizer | tf.Optimizer> = {
  sgd: () => sgd({ learningRate: 0.05 }),
  momentum: () => sgd({ learningRate: 0.05, momentum: 0.9, clipValue: 0.5 }),
  nesterov: () => sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
  adam: () => adam({ learningRate: cosine({ rate: 0.05, steps: 40 }) }),
  adamW: () => adamW({ learningRate: linearWarmup({ steps: 5, to: 0.05 }), weightDecay: 0.1, clipNorm: 1 }),
  rmsprop: () => rmsprop({ learningRate: 0.01, momentum: 0.5, centered: true }),
  adagrad: () => adagrad({ learningRate: 0.05 }),
  'tf.train.adam': () => tf.train.adam(0.05),
  'tf.train.momentum': () => tf.train.momentum(0.05, 0.9),
}

const [backend, steps, from, to] = process.argv.slice(2) as ['cpu' | 'wasm', string, string, string]
await useBackend(backend)
const saved =
  from === '-' ? {} : (JSON.parse(readFileSync(from, 'utf8'), revive) as Record<string, Checkpoint>)
const states: Record<string, Checkpoint> = {}
for (const [name, optimizer] of Object.entries(optimizers)) {
  // 50 examples: 7 batches, so 4 steps an epoch of which the last has one short batch.
  const trainer = new Trainer({
    module: classifier({ optimizer: optimizer() }),
    data: points(50, { shuffle: true }),
    batchesPerStep: 2,
    maxSteps: Number(steps),
  })
  if (saved[name]) await trainer.updateState(saved[name])
  await trainer.train()
  states[name] = await trainer.getState()
}
writeFileSync(to, JSON.stringify(states, replace))

/** JSON that keeps every bit of a typed array. */
function replace(_key: string, value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return value
  return {
    type: value.constructor.name,
    bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
  }
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('bytes' in value)) return value
  const { buffer } = Uint8Array.from(Buffer.from((value as { bytes: string }).bytes, 'base64'))
  return (value as { type?: string }).type === 'Int32Array'
    ? new Int32Array(buffer)
    : new Float32Array(buffer)
}
