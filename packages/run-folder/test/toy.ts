import { type ModuleState, type StepContext, TensorRefs, type TrainingModule } from '@trainyard/core'

export type ToyOutputs = { loss: number; accuracy: number }

/** It learns that y = 3x, with momentum, in plain numbers. */
export class ToyModule implements TrainingModule<number, ToyOutputs> {
  readonly optimizers = [{ learningRate: 0.01 }]
  readonly #refs = new TensorRefs()
  weight = 0
  velocity = 0
  #gradient = 0

  trainBatch(x: number): { outputs: ToyOutputs; examples: number } {
    const error = this.weight * x - 3 * x
    this.#gradient += 2 * x * error
    return { outputs: { loss: error ** 2, accuracy: 1 / (1 + error ** 2) }, examples: 1 }
  }

  evalBatch(x: number): { outputs: ToyOutputs; examples: number } {
    const error = this.weight * x - 3 * x
    return { outputs: { loss: error ** 2, accuracy: 1 / (1 + error ** 2) }, examples: 1 }
  }

  optimizerStep({ examples }: StepContext): void {
    this.velocity = 0.9 * this.velocity + this.#gradient / examples
    this.weight -= 0.01 * this.velocity
    this.#gradient = 0
  }

  tensor(name: keyof ToyOutputs): ReturnType<TensorRefs['get']> {
    return this.#refs.get(name)
  }

  getState(): ModuleState {
    return { weights: Float64Array.of(this.weight, this.velocity) }
  }

  updateState({ weights }: ModuleState): void {
    ;[this.weight, this.velocity] = weights as unknown as [number, number]
  }
}

/** Batches of one number each. */
export const numbers: readonly number[] = Array.from({ length: 20 }, (_, i) => Math.sin(i + 1))
