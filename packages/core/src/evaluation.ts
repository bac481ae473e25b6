import { checkData, type DataSource, openEpoch } from './data-loader.ts'
import { fail } from './errors.ts'
import type { TrainingModule } from './module.ts'
import { disposeOutputs } from './tensor.ts'
import type { TrainingRun } from './training-loop.ts'
import { weightedMeans, type WeightedOutputs } from './weighted-means.ts'

/** The methods of a module that compute a batch without training on it. */
type Forward = 'evalBatch' | 'predictBatch'

/** Checks that a module can go through a data set. `option` is what gives the data. */
export function checkPass(
  module: TrainingModule<never>,
  forward: Forward,
  option: string,
  data: unknown,
): void {
  checkData(option, data)
  if (!module[forward]) fail(`the module has no ${forward}(), which ${option} needs`)
}

/**
 * Goes through a data set once, in order, and tells whether it came to the end. `visit` gets what the module makes of each batch; it is freed afterwards.
 * Where the pass is an action of its own, not the validation of a training run, it counts its batches, fires their events, and ends with an error if it
 * is stopped. A validation is left for a signal, which may come from a machine about to go away; but not on several ranks, which all have to take the same way.
 */
export async function onePass<B>(
  run: TrainingRun<B>,
  forward: Forward,
  option: string,
  data: DataSource<B>,
  visit: (result: WeightedOutputs) => Promise<unknown>,
): Promise<boolean> {
  const { module, strategy, state, progress, tensors, events } = run
  const { step, epoch } = progress
  const rank = strategy.globalRank ?? 0
  const isAction = state.action !== 'train'
  const batches = await openEpoch(data, 0, 0, { rank, size: strategy.worldSize })
  try {
    for (let batch = 0, next = await batches.next(); !next.done; next = await batches.next()) {
      if (isAction) {
        if (run.stop) fail(`${option} was stopped after ${batch} batches: ${run.stop.detail}`)
        await events.fire('onBatchStart')
      } else if (run.stop?.reason === 'signal' && strategy.worldSize === 1) return false
      const result = (await module[forward]!(next.value, {
        step,
        epoch,
        batch: batch++,
        rank,
      })) as WeightedOutputs
      try {
        if (isAction) tensors.set(result.outputs)
        await visit(result)
        if (isAction) {
          progress.batch = batch
          await events.fire('onBatchEnd')
        }
      } finally {
        if (isAction) tensors.take()
        disposeOutputs(result.outputs)
      }
      await run.turns.next()
    }
    return true
  } finally {
    await batches.return?.()
  }
}

/** Gives the mean of every scalar output over a data set; `state.metrics` gets it, too, its name after `prefix`. Nothing, if a signal cut it short. */
export async function evaluation<B>(
  run: TrainingRun<B>,
  option: string,
  data: DataSource<B>,
  prefix: string,
): Promise<Record<string, number> | undefined> {
  const means = weightedMeans(run)
  if (!(await onePass(run, 'evalBatch', option, data, (result) => means.add([result])))) return undefined
  const found = await means.over(option)
  for (const [name, mean] of found) run.state.metrics.set(prefix + name, mean)
  return Object.fromEntries(found)
}
