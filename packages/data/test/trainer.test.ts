import { type HostTensor, TensorRefs, Trainer, type TrainingModule } from '@trainyard/core'
import { expect, test } from 'vitest'
import { loader, prefetch, take } from '../src/index.ts'
import { numbers } from './gather.ts'

interface Batch {
  ids: HostTensor
}

/** A module that learns nothing and remembers the examples it has seen. */
function witness(): TrainingModule<Batch> & { seen: number[] } {
  const seen: number[] = []
  const refs = new TensorRefs()
  const look = ({ ids }: Batch) => ({ outputs: { loss: Number(ids.data[0]) }, examples: ids.data.length })
  return {
    seen,
    optimizers: [],
    trainBatch: (batch) => {
      seen.push(...(batch.ids.data as Int32Array))
      return look(batch)
    },
    optimizerStep() {},
    evalBatch: look,
    tensor: (name) => refs.get(name),
    getState: () => ({}),
    updateState() {},
  }
}

const ids = Int32Array.from(numbers(20))
const data = loader({ ids }, { batchSize: 3, shuffle: true, seed: 5 })

test('a run that is taken up in the middle of an epoch sees the examples of one that was not stopped', async () => {
  const straight = witness()
  await new Trainer({ module: straight, data, maxEpochs: 2 }).train()
  expect(straight.seen).toHaveLength(40)
  expect(new Set(straight.seen.slice(0, 20)).size).toBe(20)

  const parts = witness()
  const first = new Trainer({ module: parts, data, maxSteps: 10 })
  expect(await first.train()).toMatchObject({ epoch: 1, step: 10 })
  const waited = loader(
    { ids },
    { batchSize: 3, shuffle: true, seed: 5, transform: (batch) => Promise.resolve(batch) },
  )
  const second = new Trainer({ module: parts, data: prefetch(waited), maxEpochs: 2 })
  await second.updateState(await first.getState())
  await second.train()
  expect(parts.seen).toEqual(straight.seen)
})

test('the trainer knows how many steps are ahead, and evaluates on part of the data', async () => {
  const validate = { data: take(loader({ ids }, { batchSize: 4 }), 2) }
  const trainer = new Trainer({ module: witness(), data, maxEpochs: 2, validate })
  expect(trainer.totalSteps).toBe(14)
  const { metrics } = await trainer.train()
  expect(metrics['val_loss']).toBe((0 + 4) / 2)
})
