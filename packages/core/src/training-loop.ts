import { isPromise } from './awaitable.ts'
import { type DataSource, openEpoch } from './data-loader.ts'
import type { Callback } from './callback.ts'
import type { Dispatcher } from './dispatcher.ts'
import { fail } from './errors.ts'
import { evaluation } from './evaluation.ts'
import type { Host } from './host.ts'
import type { NonFinitePolicy, TrainingModule } from './module.ts'
import type { ScalarReads } from './scalar-reads.ts'
import type { Progress, RunState } from './state.ts'
import type { Strategy } from './strategy.ts'
import type { StopRequest } from './stop.ts'
import { disposeOutputs, type TensorLike } from './tensor.ts'
import type { CurrentTensors } from './training-state.ts'

/** When to validate: after every so many epochs, or steps. */
export type ValidateEvery = { epochs: number; steps?: never } | { steps: number; epochs?: never }

/** Everything that the loop works with. */
export interface TrainingRun<B> {
  readonly module: TrainingModule<B>
  readonly data: DataSource<B> | undefined
  readonly strategy: Strategy
  readonly host: Host
  /** In the order in which they run. */
  readonly callbacks: readonly Callback<string>[]
  readonly maxEpochs: number | undefined
  readonly maxSteps: number | undefined
  readonly batchesPerStep: number
  readonly nonFinite: NonFinitePolicy
  readonly validate: { readonly data: DataSource<B> } | undefined
  readonly validateEvery: ValidateEvery
  readonly state: RunState
  /** The state's own numbers; only the loop changes them. */
  readonly progress: Progress
  readonly tensors: CurrentTensors
  readonly events: Dispatcher
  /** The wish to stop that came first; it waits for the step in flight. */
  stop: StopRequest | undefined
  /** Gives the event loop a turn, when it is time for one. */
  turn(): Promise<void> | undefined
  /** Fires `onSavePoint`, and hands a checkpoint to the checkpointer, if there is one. */
  save(force: boolean): Promise<void>
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
    validateEvery: { epochs = Infinity, steps = Infinity },
    maxEpochs = Infinity,
    maxSteps = Infinity,
  } = run
  const onStepStart = events.compile('onStepStart')
  const onBatchStart = events.compile('onBatchStart')
  const onBatchEnd = events.compile('onBatchEnd')
  const onStepEnd = events.compile('onStepEnd')
  const onSavePoint = events.compile('onSavePoint')
  const rank = strategy.globalRank ?? 0
  const size = strategy.worldSize
  // Several processes must leave the loop at the same step, so a stop counts once it went through a reduction.
  let stopAgreed = false
  /** Whether the names that callbacks read were looked up among the outputs. */
  let resolved = false
  /** What an event left to wait for, if anything. */
  let pending: Promise<void> | undefined
  const agreeToStop = (): void => {
    stopAgreed = true
    state.requestStop('another rank asked to stop')
  }
  if (size > 1) {
    const flag = Float64Array.of(run.stop ? 1 : 0)
    await strategy.allReduce(flag, 'max')
    if (flag[0]) agreeToStop()
  }
  const done = (): unknown => progress.step >= maxSteps || (size > 1 ? stopAgreed : run.stop)
  const clear = (): void => {
    reads.clear()
    disposeOutputs(tensors.take())
  }

  while (progress.epoch < maxEpochs && !done()) {
    await events.fire('onEpochStart')
    const batches = await openEpoch(run.data!, progress.epoch, progress.batch, { rank, size })
    const close = async (): Promise<unknown> => batches.return?.()
    let ahead = await batches.next()
    if (ahead.done && progress.batch === 0)
      fail(`epoch ${progress.epoch} has no batches: \`data\` is empty, or an iterable that works only once`)
    let batchesInStep = 0
    let examples = 0
    try {
      while (!ahead.done) {
        if (batchesInStep === 0) {
          if (done()) break
          pending = onStepStart()
          if (pending) await pending
        }
        const batch: B = ahead.value
        const next = batches.next()
        ahead = isPromise(next) ? await next : next
        const isLast = ahead.done === true
        state.isLastBatch = isLast

        pending = onBatchStart()
        if (pending) await pending
        const { step, epoch } = progress
        const computed = module.trainBatch(batch, { step, epoch, batch: progress.batch, rank })
        const result = isPromise(computed) ? await computed : computed
        const outputs = result.outputs as Record<string, TensorLike>
        tensors.set(outputs)
        if (!resolved) {
          resolved = true
          reads.resolve(outputs)
        }
        progress.batch += 1
        batchesInStep += 1
        examples += result.examples
        pending = onBatchEnd()
        if (pending) await pending

        if (batchesInStep < run.batchesPerStep && !isLast) {
          reads.hold(tensors.take(), result.examples)
        } else {
          const stepped = module.optimizerStep({
            step,
            epoch,
            batches: batchesInStep,
            examples,
            stop: run.stop !== undefined,
            nonFinite,
            strategy,
          })
          const outcome = isPromise(stepped) ? await stepped : stepped
          if (outcome?.nonFinite) reportNonFinite(run, step)
          if (outcome?.stop) agreeToStop()
          progress.step += 1
          progress.stepBatch = progress.batch
          const read = reads.atStepEnd(outputs, result.examples)
          if (read) {
            const loss = await read
            // For modules that cannot tell by themselves without reading.
            if (nonFinite === 'throw' && !Number.isFinite(loss ?? 0)) reportNonFinite(run, step)
          }
          pending = onStepEnd()
          if (pending) await pending
          if (validate && progress.step % steps === 0) await validation(run, validate.data)
          if (!isLast) {
            pending = onSavePoint()
            if (pending) await pending
          }
          clear()
          batchesInStep = 0
          examples = 0
        }
        pending = run.turn()
        if (pending) await pending
      }
    } catch (error) {
      // What is left of a step that will not be finished must not go into the next one.
      module.dropGradients?.()
      await close().catch(() => {})
      throw error
    } finally {
      clear()
    }
    state.isLastBatch = false
    if (!ahead.done) await close()
    else {
      progress.epoch += 1
      progress.batch = 0
      progress.stepBatch = 0
      if (validate && progress.epoch % epochs === 0) await validation(run, validate.data)
      await events.fire('onEpochEnd')
      await run.save(false)
    }
  }
}

async function validation<B>(run: TrainingRun<B>, data: DataSource<B>): Promise<void> {
  await run.events.fire('onValidationStart')
  await evaluation(run, 'validate.data', data, 'val_')
  run.progress.validations += 1
  await run.events.fire('onValidationEnd')
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
    fail(`${message}; lower the learning rate, clip gradients or set \`nonFinite: 'skip'\``)
  if (nonFinite === 'skip') host.warn(`[core] ${message}; update skipped`)
}
