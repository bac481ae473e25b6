import * as tf from '@tensorflow/tfjs'
import { Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { MemoryFileSystem } from '@trainyard/testing'
import { adam, crossEntropy, layersModule, withRandom } from '@trainyard/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { DefaultCheckpointer, readCheckpoint } from '../src/index.ts'

beforeAll(() => tf.setBackend('cpu'))

const saveDir = '/checkpoints'

/** A classifier with dropout, on shuffled data, trained by Adam; trained anew or from what is on the disk. */
async function train(files: MemoryFileSystem, maxEpochs: number, loadDir?: string): Promise<unknown> {
  const examples = 20
  const data = withRandom({ seed: 1 }, () => ({
    xs: { data: Float32Array.from({ length: examples * 2 }, () => Math.random()), shape: [examples, 2] },
    ys: { data: Int32Array.from({ length: examples }, (_, i) => i % 2), shape: [examples] },
  }))
  const model = withRandom({ seed: 2 }, () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 5, activation: 'relu', inputShape: [2] }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: 2 }),
      ],
    }),
  )
  const module = layersModule({ model, loss: crossEntropy, optimizer: adam({ learningRate: 0.05 }) })
  const checkpointer = new DefaultCheckpointer({ saveDir, loadDir, files })
  const trainer = new Trainer({
    module,
    data: loader(data, { batchSize: 6, shuffle: true }),
    batchesPerStep: 2,
    maxEpochs,
    checkpointer,
  })
  await trainer.train()
  return trainer.getState()
}

test('a network goes on from its checkpoint as if it had not stopped, and its weights have their names', async () => {
  const straight = await train(new MemoryFileSystem(), 6)
  const files = new MemoryFileSystem()
  await train(files, 2)
  await train(files, 3, saveDir)
  const resumed = await train(files, 6, saveDir)
  expect(resumed).toStrictEqual(straight)
  const { checkpoint, manifest } = await readCheckpoint(`${saveDir}/checkpoint_6`, { files })
  expect(checkpoint).toStrictEqual(straight)
  const weights = Object.keys(manifest.tensors['model.safetensors']!)
  expect(weights).toEqual(Object.keys(checkpoint.module!['weights'] as object))
  expect(weights).toContain('dense_Dense1/kernel')
  expect(Object.keys(manifest.tensors['optimizer.safetensors']!)).toContain(
    'module/optimizers/0/slots/dense_Dense1/kernel/m',
  )
})
