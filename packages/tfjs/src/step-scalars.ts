import * as tf from '@tensorflow/tfjs'
import { type Awaitable, isPromise, type TensorLike } from '@trainyard/core'

/** Sums of scalars over the batches of a step, weighted by examples. */
export interface ScalarSums {
  readonly names: readonly string[]
  readonly values: readonly number[]
}

const noScalars: ScalarSums = { names: [], values: [] }

/** The scalar outputs of a step's batches, for their sums to go along with the gradients to the other ranks. */
export class StepScalars {
  #names: readonly string[] = []
  #batches: { readonly tensors: tf.Tensor[]; readonly examples: number }[] = []

  /** Keeps the scalars of a batch: the outputs themselves may be freed before the step ends. */
  add(outputs: object, examples: number): void {
    const scalars = Object.entries(outputs as Record<string, unknown>).filter(
      (entry): entry is [string, number | tf.Tensor] =>
        typeof entry[1] === 'number' || (entry[1] instanceof tf.Tensor && entry[1].rank === 0),
    )
    this.#names = scalars.map(([name]) => name)
    const tensors = scalars.map(([, value]) =>
      tf.keep(typeof value === 'number' ? tf.scalar(value) : value.clone()),
    )
    this.#batches.push({ tensors, examples })
  }

  /** Reads and sums them, and starts anew. */
  take(read: (values: readonly TensorLike[]) => Awaitable<ArrayLike<number>>): Awaitable<ScalarSums> {
    const batches = this.#batches
    if (batches.length === 0) return noScalars
    const names = this.#names
    const values = read(batches.flatMap(({ tensors }) => tensors))
    this.clear()
    const sum = (all: ArrayLike<number>): ScalarSums => ({
      names,
      values: names.map((_, i) =>
        batches.reduce((total, { examples }, batch) => total + all[batch * names.length + i]! * examples, 0),
      ),
    })
    return isPromise(values) ? values.then(sum) : sum(values)
  }

  /** Forgets them, for a step that is not to be finished. */
  clear(): void {
    for (const { tensors } of this.#batches) tf.dispose(tensors)
    this.#batches = []
  }
}
