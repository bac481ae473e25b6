import {
  type BatchResult,
  type ModuleState,
  type TensorHandle,
  TensorRefs,
  type TrainingModule,
} from '@trainyard/core'

// A type and not an interface, so that it keeps its literal names.
export type ToyOutputs = { loss: number; accuracy: number; pictures: TensorHandle; sound: TensorHandle }

/** Learns nothing, exactly: its loss depends on how many updates there were, and on the batch. */
export class ToyModule implements TrainingModule<number, ToyOutputs> {
  readonly optimizers = [{ learningRate: 0.001 }]
  updates = 0
  readonly #refs = new TensorRefs()

  trainBatch(batch: number): BatchResult<ToyOutputs> {
    const outputs = {
      loss: batch / (1 + this.updates),
      accuracy: this.updates / 100,
      pictures: tensor([5, 2, 2, 1]),
      sound: tensor([2, 100]),
    }
    return { outputs, examples: 1 }
  }

  evalBatch(batch: number): BatchResult<ToyOutputs> {
    return this.trainBatch(batch)
  }

  optimizerStep(): void {
    this.updates += 1
    this.optimizers[0]!.learningRate = 0.001 / this.updates
  }

  tensor<K extends keyof ToyOutputs>(name: K): ReturnType<TensorRefs['get']> {
    return this.#refs.get(name)
  }

  getState(): ModuleState {
    const kernel = { shape: [2], data: Float32Array.of(this.updates, -1) }
    return { updates: this.updates, weights: { 'dense/kernel': kernel, bias: Float32Array.of(0.5) } }
  }

  updateState(state: ModuleState): void {
    this.updates = state['updates'] as number
  }
}

function tensor(shape: number[]): TensorHandle {
  const size = shape.reduce((product, length) => product * length, 1)
  const data = Float32Array.from({ length: size }, (_, i) => i / size)
  return { shape, data: () => data }
}

/** Batches that differ, and do not divide by the steps at which is logged. */
export const batches: readonly number[] = Array.from({ length: 7 }, (_, i) => 1 + Math.sin(i))
