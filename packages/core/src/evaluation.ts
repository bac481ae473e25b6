import { type DataSource, openEpoch } from './data-loader.ts'
import type { BatchContext, BatchResult } from './module.ts'
import { disposeOutputs } from './tensor.ts'
import type { TrainingRun } from './training-loop.ts'
import type { WeightedOutputs } from './weighted-means.ts'

/** Computes a batch. */
export type Compute<B> = (
  batch: B,
  context: BatchContext,
) => BatchResult<object> | PromiseLike<BatchResult<object>>

/** Goes through a data set once, in order. `visit` gets what `compute` makes of each batch; it is freed afterwards. */
export async function onePass<B>(
  { strategy, progress: { step, epoch }, turn }: TrainingRun<B>,
  data: DataSource<B>,
  compute: Compute<B>,
  visit: (result: WeightedOutputs) => Promise<unknown>,
  before?: () => Promise<unknown>,
): Promise<void> {
  const rank = strategy.globalRank ?? 0
  const batches = await openEpoch(data, 0, 0, { rank, size: strategy.worldSize })
  try {
    for (let batch = 0, next = await batches.next(); !next.done; next = await batches.next()) {
      await before?.()
      const result = (await compute(next.value, { step, epoch, batch: batch++, rank })) as WeightedOutputs
      try {
        await visit(result)
      } finally {
        disposeOutputs(result.outputs)
      }
      await turn()
    }
  } finally {
    await batches.return?.()
  }
}
