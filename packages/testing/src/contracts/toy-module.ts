import {
  type BatchResult,
  type ModuleState,
  type Optimizer,
  type StepContext,
  type StepResult,
  type TensorRef,
  TensorRefs,
  type TrainingModule,
} from '@trainyard/core'

/** The outputs of a toy module: two scalars to log, and a list that is none. */
export type ToyOutputs = {
  loss: number
  weight: number
  predictions: { readonly shape: readonly number[]; data(): Float64Array }
}

export interface ToyModuleOptions {
  /** Replaces the loss of a batch: called with the number of updates done before it. May throw. */
  readonly loss?: (step: number, loss: number) => number
}

/**
 * Linear regression with momentum, in plain numbers: learns that y = 3x. As small as a module can be, and one in every respect: exact, restorable, on any
 * number of ranks.
 */
export class ToyModule implements TrainingModule<number, ToyOutputs> {
  readonly optimizers: readonly [Optimizer] = [{ name: 'momentum', learningRate: 0.02 }]
  weight = 0
  #velocity = 0
  #gradient = 0
  #isBad = false
  readonly #refs = new TensorRefs()
  readonly #options: ToyModuleOptions

  constructor(options: ToyModuleOptions = {}) {
    this.#options = options
  }

  tensor<Name extends keyof ToyOutputs>(name: Name): TensorRef<ToyOutputs[Name]> {
    return this.#refs.get(name)
  }

  trainBatch(x: number, { step }: { readonly step: number }): BatchResult<ToyOutputs> {
    const result = this.evalBatch(x)
    this.#gradient += 2 * x * (this.weight - 3) * x
    const loss = this.#options.loss?.(step, result.outputs.loss) ?? result.outputs.loss
    this.#isBad ||= !Number.isFinite(loss)
    return { ...result, outputs: { ...result.outputs, loss } }
  }

  evalBatch(x: number): BatchResult<ToyOutputs> {
    const predictions = Float64Array.of(this.weight * x)
    const loss = ((this.weight - 3) * x) ** 2
    return {
      outputs: { loss, weight: this.weight, predictions: { shape: [1], data: () => predictions } },
      examples: 1,
    }
  }

  predictBatch(x: number): BatchResult<Pick<ToyOutputs, 'predictions'>> {
    const { outputs, examples } = this.evalBatch(x)
    return { outputs: { predictions: outputs.predictions }, examples }
  }

  async optimizerStep({ examples, stop, nonFinite, strategy }: StepContext): Promise<StepResult> {
    const sums = Float64Array.of(this.#gradient, examples, Number(stop), Number(this.#isBad))
    this.dropGradients()
    await strategy.allReduce(sums)
    const [gradient, count, stops, bad] = sums as unknown as [number, number, number, number]
    if (bad === 0 || nonFinite === 'apply') {
      this.#velocity = 0.9 * this.#velocity + gradient / count
      this.weight -= this.optimizers[0].learningRate * this.#velocity
    }
    return { stop: stops > 0, nonFinite: bad > 0 }
  }

  dropGradients(): void {
    this.#gradient = 0
    this.#isBad = false
  }

  getState(): ModuleState {
    return { weights: Float64Array.of(this.weight, this.#velocity) }
  }

  updateState({ weights }: ModuleState): void {
    if (!(weights instanceof Float64Array)) throw new Error('this is not the state of a toy module')
    this.weight = weights[0]!
    this.#velocity = weights[1]!
  }
}

/** Batches for a toy module, each of one example and no two alike. */
export const toyBatches: readonly number[] = [0.5, -1, 1.5, 0.75, -0.25, 1.25]
