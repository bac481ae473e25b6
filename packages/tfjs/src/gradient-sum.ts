import * as tf from '@tensorflow/tfjs'
import type { Awaitable, StepContext } from '@trainyard/core'
import { type Averaged, RankSum } from './rank-sum.ts'
import type { ScalarSums } from './step-scalars.ts'

/** What a reduction over ranks gave. */
export interface ReducedGradients {
  /** Means over the examples of the step; the caller frees them. */
  readonly gradients: Map<string, tf.Tensor>
  /** Means over the ranks of what no optimizer changes; of several ranks alone. The caller frees them. */
  readonly statistics: Map<string, tf.Tensor>
  readonly stop: boolean
  readonly nonFinite: boolean
  /** What the scalars of the step are on average, if they went along; of several ranks alone. */
  readonly means?: ReadonlyMap<string, number>
}

/** The gradients of a step's batches, added up with the batches' examples as weights, so that a step over several batches equals one over all their examples. */
export class GradientSum {
  #sums = new Map<string, tf.Tensor>()
  #weighted = false
  #examples = 0
  readonly #ranks = new RankSum()

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

  /**
   * Averages over examples and ranks, and starts anew. `variables` are all that are trained, in an order that is the same on every rank; `statistics` are those that
   * the forward pass has changed, and that have to be the same on all ranks; `scalars` are sums over the batches, and give their means over the ranks' examples.
   */
  reduce(
    variables: ReadonlyMap<string, tf.Variable>,
    statistics: ReadonlyMap<string, tf.Variable>,
    { strategy, stop }: StepContext,
    nonFinite: boolean,
    scalars: Awaitable<ScalarSums>,
  ): Awaitable<ReducedGradients> {
    const sums = this.#sums
    const weighted = this.#weighted
    const examples = this.#examples
    this.reset()
    if (strategy.worldSize === 1)
      return {
        gradients: weighted ? scaled(sums, 1 / examples) : sums,
        statistics: new Map(),
        stop,
        nonFinite,
      }
    const shared = repeated(sums.values())
    // A variable without gradient counts as zeros, so that the buffers of all ranks are equally long.
    const gradients = [...variables].map(([name, { shape, size }]): [string, Averaged] => {
      const values = sums.get(name)
      const mayChange = values !== undefined && !shared.has(values)
      return [name, { shape, size, values, weight: weighted ? 1 : examples, mayChange }]
    })
    const others = [...statistics].map(([name, values]): [string, Averaged] => {
      const { shape, size } = values
      return [name, { shape, size, values, weight: examples, mayChange: false }]
    })
    const items = [...gradients, ...others].map(([, item]) => item)
    const flags = [Number(stop), Number(nonFinite)]
    const sum = async (): Promise<ReducedGradients> => {
      const results = new Set<tf.Tensor>()
      try {
        const { names, values } = await scalars
        const reduced = await this.#ranks.over(items, examples, [...flags, ...values], strategy)
        for (const mean of reduced.means.values()) results.add(mean)
        const meansOf = (entries: readonly [string, Averaged][]): Map<string, tf.Tensor> =>
          new Map(entries.map(([name, item]) => [name, reduced.means.get(item)!]))
        const [stops, bad, ...totals] = reduced.sums as [number, number, ...number[]]
        return {
          gradients: meansOf(gradients),
          statistics: meansOf(others),
          stop: stops > 0,
          nonFinite: bad > 0,
          ...(names.length > 0 && {
            means: new Map(names.map((name, i) => [name, totals[i]! / reduced.examples])),
          }),
        }
      } finally {
        // Those that have not become means themselves: they were copied, or their variable is frozen since.
        for (const gradient of sums.values()) if (!results.has(gradient)) gradient.dispose()
      }
    }
    return sum()
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

/** Finds tensors that stand several times: a gradient of the user's own may be that of several variables. */
function repeated(tensors: Iterable<tf.Tensor>): Set<tf.Tensor> {
  const known = new Set<tf.Tensor>()
  const again = new Set<tf.Tensor>()
  for (const tensor of tensors) (known.has(tensor) ? again : known).add(tensor)
  return again
}
