import { type DataSource, openEpoch } from './data-loader.ts'
import { fail } from './errors.ts'
import type { BatchContext, TrainingModule } from './module.ts'
import { readScalars } from './scalar-reads.ts'
import type { Strategy } from './strategy.ts'
import { disposeOutputs, isScalar, type TensorLike } from './tensor.ts'

/** Runs once for each batch, with the function that computes it. */
export type AroundBatch = (compute: () => Promise<Record<string, TensorLike>>) => Promise<void>

/** Goes through a data set once and gives the mean of every scalar output, weighted by examples, over all batches and ranks. */
export async function evaluate<B>(
  module: TrainingModule<B>,
  data: DataSource<B>,
  option: string,
  strategy: Strategy,
  at: { step: number; epoch: number },
  turn: () => PromiseLike<void> | undefined,
  around: AroundBatch = async (compute) => disposeOutputs(await compute()),
): Promise<Map<string, number>> {
  if (!module.evalBatch) fail(`the module has no evalBatch(), which \`${option}\` needs`)
  const rank = strategy.globalRank ?? 0
  const batches = await openEpoch(data, 0, 0, { rank, size: strategy.worldSize })
  let names: string[] | undefined
  let sums: number[] = []
  let examples = 0
  let batch = 0
  try {
    for (let next = await batches.next(); !next.done; next = await batches.next()) {
      const { value } = next
      const context: BatchContext = { step: at.step, epoch: at.epoch, batch: batch++, rank }
      await around(async () => {
        const result = await module.evalBatch!(value, context)
        const outputs = result.outputs as Record<string, TensorLike>
        names ??= Object.keys(outputs).filter((name) => isScalar(outputs[name]!))
        const values = await readScalars(
          module,
          names.map((name) => outputs[name]!),
        )
        sums = names.map((_, i) => (sums[i] ?? 0) + values[i]! * result.examples)
        examples += result.examples
        return outputs
      })
      await turn()
    }
  } finally {
    await batches.return?.()
  }
  const totals = Float64Array.of(...sums, examples)
  if (names) await strategy.allReduce(totals)
  if (!names) fail(`\`${option}\` gives no batches`)
  return new Map(names!.map((name, i) => [name, totals[i]! / totals[names!.length]!]))
}
