import * as tf from '@tensorflow/tfjs'
import { type Awaitable, isPromise, type StepContext } from '@trainyard/core'

/** What a reduction over ranks gave. */
export interface ReducedGradients {
  /** Means over the examples of the step; the caller frees them. */
  readonly gradients: Map<string, tf.Tensor>
  readonly stop: boolean
  readonly nonFinite: boolean
}

/** The gradients of a step's batches, added up with the batches' examples as weights, so that a step over several batches equals one over all their examples. */
export class GradientSum {
  #sums = new Map<string, tf.Tensor>()
  #weighted = false
  #examples = 0

  /** Takes over the mean gradients of a batch, by variable name. */
  add(gradients: Map<string, tf.Tensor>, examples: number): void {
    if (this.#examples === 0) {
      this.#sums = gradients
      this.#examples = examples
      return
    }
    // A lone batch needs no weight, and no rounding by one; so the first is weighted when the second comes.
    if (!this.#weighted) this.#sums = scaled(this.#sums, this.#examples)
    this.#weighted = true
    for (const [name, gradient] of scaled(gradients, examples)) {
      const sum = this.#sums.get(name)
      this.#sums.set(name, sum ? tf.add(sum, gradient) : gradient)
      if (sum) tf.dispose([sum, gradient])
    }
    this.#examples += examples
  }

  /** Averages over examples and ranks, and starts anew. `variables` are all that are trained, in an order that is the same on every rank. */
  reduce(
    variables: ReadonlyMap<string, tf.Variable>,
    context: StepContext,
    nonFinite: boolean,
  ): Awaitable<ReducedGradients> {
    const sums = this.#sums
    const weighted = this.#weighted
    const examples = this.#examples
    this.reset()
    if (context.strategy.worldSize === 1)
      return { gradients: weighted ? scaled(sums, 1 / examples) : sums, stop: context.stop, nonFinite }
    return overRanks(weighted ? sums : scaled(sums, examples), variables, context, examples, nonFinite)
  }

  /** Forgets what is there without freeing it. */
  private reset(): void {
    this.#sums = new Map()
    this.#weighted = false
    this.#examples = 0
  }

  /** Frees what is there, for a step that is not to be finished. */
  clear(): void {
    tf.dispose([...this.#sums.values()])
    this.reset()
  }
}

/** Multiplies gradients by a number and frees the old ones. */
function scaled(gradients: ReadonlyMap<string, tf.Tensor>, factor: number): Map<string, tf.Tensor> {
  const result = new Map([...gradients].map(([name, gradient]) => [name, tf.mul(gradient, factor)]))
  tf.dispose([...gradients.values()])
  return result
}

/**
 * Sums one buffer over all ranks: the gradients, then the number of examples and the two flags, which so need no collective of their own. A variable
 * without gradient counts as zeros, so that the buffers of all ranks are equally long.
 */
async function overRanks(
  sums: ReadonlyMap<string, tf.Tensor>,
  variables: ReadonlyMap<string, tf.Variable>,
  { strategy, stop }: StepContext,
  examples: number,
  nonFinite: boolean,
): Promise<ReducedGradients> {
  const length = [...variables.values()].reduce((total, { size }) => total + size, 0)
  const buffer = new Float32Array(length + 3)
  let offset = 0
  for (const [name, { size }] of variables) {
    const gradient = sums.get(name)
    if (gradient) buffer.set(await gradient.data<'float32'>(), offset)
    offset += size
  }
  tf.dispose([...sums.values()])
  buffer.set([examples, Number(stop), Number(nonFinite)], length)
  const reduced = strategy.allReduce(buffer)
  if (isPromise(reduced)) await reduced
  const [total, stops, bad] = buffer.subarray(length) as unknown as [number, number, number]
  const gradients = new Map<string, tf.Tensor>()
  offset = 0
  for (const [name, { size, shape }] of variables) {
    const mean = buffer.slice(offset, offset + size).map((sum) => sum / total)
    gradients.set(name, tf.tensor(mean, shape, 'float32'))
    offset += size
  }
  return { gradients, stop: stops > 0, nonFinite: bad > 0 }
}
