import { isPromise } from './awaitable.ts'
import { type DataSource, openEpoch } from './data-loader.ts'
import type { Dispatcher } from './dispatcher.ts'
import { fail } from './errors.ts'
import { type Compute, onePass } from './evaluation.ts'
import type { Host } from './host.ts'
import type { NonFinitePolicy, TrainingModule } from './module.ts'
import type { ScalarReads } from './scalar-reads.ts'
import type { Progress, RunState } from './state.ts'
import type { Strategy } from './strategy.ts'
import { disposeOutputs, type TensorLike } from './tensor.ts'
import type { CurrentTensors } from './training-state.ts'
import { weightedMeans } from './weighted-means.ts'

/** When to validate: after every so many epochs, or steps. */
export type ValidateEvery = { epochs: number; steps?: never } | { steps: number; epochs?: never }

/** Everything that the loop works with. */
export interface TrainingRun<B> {
  readonly module: TrainingModule<B>
  readonly data: DataSource<B> | undefined
  readonly strategy: Strategy
  readonly host: Host
  readonly maxEpochs: number | undefined
  readonly maxSteps: number | undefined
  readonly batchesPerStep: number
  readonly nonFinite: NonFinitePolicy
  readonly validate: { readonly data: DataSource<B>; readonly every?: ValidateEvery } | undefined
  readonly state: RunState
  /** The state's own numbers; only the loop changes them. */
  readonly progress: Progress
  readonly tensors: CurrentTensors
  readonly events: Dispatcher
  stopRequested(): boolean
  /** Gives the event loop a turn, when it is time for one. */
  turn(): Promise<void> | undefined
  /** Hands a checkpoint to the checkpointer, if there is one. */
  save(force?: boolean): Promise<void>
}

/**
 * Trains from where `progress` stands until a limit or a stop. `events.ts` has the same loop as pseudo-code. Only real promises are awaited: a step of a
 * synchronous module with synchronous callbacks runs without one.
 */
export async function trainingLoop<B>(run: TrainingRun<B>, reads: ScalarReads): Promise<void> {
  const {
    module,
    state,
    progress,
    tensors,
    events,
    strategy,
    nonFinite,
    validate,
    maxEpochs = Infinity,
    maxSteps = Infinity,
  } = run
  const { every = { epochs: 1 } } = validate ?? {}
  const onStepStart = events.compile('onStepStart')
  const onBatchStart = events.compile('onBatchStart')
  const onBatchEnd = events.compile('onBatchEnd')
  const onStepEnd = events.compile('onStepEnd')
  const onSavePoint = events.compile('onSavePoint')
  const rank = strategy.globalRank ?? 0
  const size = strategy.worldSize
  let checked = false
  // Several processes must leave the loop at the same step, so a stop counts once it went through a reduction.
  let stopAgreed = false
  if (size > 1) {
    const flag = Float64Array.of(Number(run.stopRequested()))
    await strategy.allReduce(flag, 'max')
    stopAgreed = flag[0] === 1
    if (stopAgreed) state.requestStop('another rank asked to stop')
  }
  const done = (): boolean => progress.step >= maxSteps || (size > 1 ? stopAgreed : run.stopRequested())

  while (progress.epoch < maxEpochs && !done()) {
    await events.fire('onEpochStart')
    const batches = await openEpoch(run.data!, progress.epoch, progress.batch, { rank, size })
    let epochOver = false
    try {
      let ahead = await batches.next()
      if (ahead.done && progress.batch === 0)
        fail(
          `epoch ${progress.epoch} has no batches: \`data\` is empty, or an iterable that can be gone through only once`,
        )
      let batchesInStep = 0
      let examples = 0
      while (!ahead.done) {
        if (batchesInStep === 0) {
          if (done()) break
          const started = onStepStart()
          if (started) await started
        }
        const batch: B = ahead.value
        const next = batches.next()
        ahead = isPromise(next) ? await next : next
        const isLast = ahead.done === true
        state.isLastBatch = isLast

        const batchStarted = onBatchStart()
        if (batchStarted) await batchStarted
        const { step, epoch } = progress
        const computed = module.trainBatch(batch, { step, epoch, batch: progress.batch, rank })
        const result = isPromise(computed) ? await computed : computed
        const outputs = result.outputs as Record<string, TensorLike>
        tensors.set(outputs)
        if (!checked) {
          checked = true
          reads.resolve(outputs)
        }
        progress.batch += 1
        batchesInStep += 1
        examples += result.examples
        const batchEnded = onBatchEnd()
        if (batchEnded) await batchEnded

        if (batchesInStep < run.batchesPerStep && !isLast) {
          reads.hold(tensors.take(), result.examples)
        } else {
          const stop = run.stopRequested()
          const stepped = module.optimizerStep({
            step,
            epoch,
            batches: batchesInStep,
            examples,
            stop,
            nonFinite,
            strategy,
          })
          const outcome = isPromise(stepped) ? await stepped : stepped
          if (outcome?.nonFinite) reportNonFinite(run, step)
          if (outcome?.stop) {
            stopAgreed = true
            state.requestStop('another rank asked to stop')
          }
          progress.step += 1
          progress.stepBatch = progress.batch
          const read = reads.atStepEnd(outputs, result.examples)
          if (read) {
            const loss = await read
            // For modules that cannot tell by themselves without reading.
            if (nonFinite === 'throw' && loss !== undefined && !Number.isFinite(loss))
              reportNonFinite(run, step)
          }
          const stepEnded = onStepEnd()
          if (stepEnded) await stepEnded
          if (validate && every.steps && progress.step % every.steps === 0) await validation(run)
          if (!isLast) {
            const saved = onSavePoint()
            if (saved) await saved
          }
          reads.clear()
          disposeOutputs(tensors.take())
          batchesInStep = 0
          examples = 0
        }
        const turned = run.turn()
        if (turned) await turned
      }
      epochOver = ahead.done === true
    } catch (error) {
      // What is left of a step that will not be finished must not go into the next one.
      module.dropGradients?.()
      await Promise.resolve(batches.return?.()).catch(() => {})
      throw error
    } finally {
      reads.clear()
      disposeOutputs(tensors.take())
    }
    if (!epochOver) await batches.return?.()
    state.isLastBatch = false
    if (epochOver) {
      progress.epoch += 1
      progress.batch = 0
      progress.stepBatch = 0
      if (validate && every.epochs && progress.epoch % every.epochs === 0) await validation(run)
      await events.fire('onEpochEnd')
      await events.fire('onSavePoint')
      await run.save()
    }
  }
}

async function validation<B>(run: TrainingRun<B>): Promise<void> {
  const { module, state, progress, events, validate } = run
  const means = weightedMeans(run)
  await events.fire('onValidationStart')
  const compute: Compute<B> = (batch, context) => module.evalBatch!(batch, context)
  await onePass(run, validate!.data, compute, (result) => means.add([result]))
  for (const [name, mean] of await means.over('validate.data')) state.metrics.set(`val_${name}`, mean)
  progress.validations += 1
  await events.fire('onValidationEnd')
}

function reportNonFinite(
  {
    nonFinite,
    progress: { epoch, batch },
    host,
  }: Pick<TrainingRun<never>, 'nonFinite' | 'progress' | 'host'>,
  step: number,
): void {
  const message = `the loss or a gradient is NaN or infinite at step ${step} (epoch ${epoch}, batch ${batch})`
  if (nonFinite === 'throw')
    fail(`${message}; lower the learning rate, clip gradients, or set \`nonFinite: 'skip'\``)
  if (nonFinite === 'skip') host.warn(`[core] ${message}; its update is left out`)
}
