import { fail } from './errors.ts'
import type { TrainingModule } from './module.ts'
import type { Strategy } from './strategy.ts'
import { isScalar, type TensorLike, toHost } from './tensor.ts'
import type { Awaitable } from './awaitable.ts'

/** The named outputs of a batch, and its weight in every mean. */
export interface WeightedOutputs {
  readonly outputs: Record<string, TensorLike>
  readonly examples: number
}

/** Means of scalars over batches and ranks, weighted by examples. */
export interface WeightedMeans {
  /** Reads the named scalars of some batches in one go and adds them up; without names, all that the first batch has. */
  add(batches: readonly WeightedOutputs[], names?: readonly string[]): Promise<void>
  /** Gives the means. `option` is what gave the batches. */
  over(option: string): Promise<Map<string, number>>
}

export function weightedMeans({
  module,
  strategy,
}: {
  readonly module: TrainingModule<never>
  readonly strategy: Strategy
}): WeightedMeans {
  let names: readonly string[]
  let rows = 0
  let last: ArrayLike<number>
  /** A sum for each name; the last is that of the weights. */
  let sums: Float64Array
  return {
    async add(batches, only) {
      const first = batches[0]!.outputs
      names ??= only ?? Object.keys(first).filter((name) => isScalar(first[name]!))
      sums ??= new Float64Array(names.length + 1)
      const read: TensorLike[] = []
      for (const { outputs } of batches) for (const name of names) read.push(outputs[name]!)
      last = await readScalars(module, read)
      let value = 0
      for (const { examples } of batches) {
        for (let i = 0; i < names.length; i++) sums[i]! += last[value++]! * examples
        sums[names.length]! += examples
        rows++
      }
    },
    async over(option) {
      if (!rows) fail(`\`${option}\` gives no batches`)
      await strategy.allReduce(sums)
      // A lone batch is passed on as it is, without rounding.
      const isAlone = rows * strategy.worldSize === 1
      return new Map(names.map((name, i) => [name, isAlone ? last[i]! : sums[i]! / sums[names.length]!]))
    },
  }
}

function readScalars(
  module: TrainingModule<never>,
  values: readonly TensorLike[],
): Awaitable<ArrayLike<number>> {
  // Numbers are here already, and to read them would cost more than all else that a logger does.
  return values.every((value) => typeof value === 'number')
    ? values
    : (module.readScalars?.(values) ??
        Promise.all(values.map(async (value) => Number((await toHost(value)).data[0]))))
}
