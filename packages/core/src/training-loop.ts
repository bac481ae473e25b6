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
import type { Turns } from './turns.ts'

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
  readonly turns: Turns
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
  const agreeToStop = (asked: unknown): void => {
    if (!asked) return
    stopAgreed = true
    run.stop ??= { reason: 'rank', detail: 'another rank' }
  }
  const flag = Float64Array.of(run.stop ? 1 : 0)
  await strategy.allReduce(flag, 'max')
  agreeToStop(flag[0])
  const done = (): unknown => progress.step >= maxSteps || (size > 1 ? stopAgreed : run.stop)
  const clear = (): void => {
    reads.clear()
    disposeOutputs(tensors.take())
  }

  /** Whether to begin with a validation that a signal cut short, even if it is all that is left to do. */
  let due = validate !== undefined && progress.isValidationDue
  while (progress.epoch < maxEpochs && (due || !done())) {
    await events.fire('onEpochStart')
    const batches = await openEpoch(run.data!, progress.epoch, progress.batch, { rank, size })
    const close = async (): Promise<unknown> => batches.return?.()
    let ahead = await batches.next()
    if (ahead.done && progress.batch === 0)
      fail(`epoch ${progress.epoch} has no batches: \`data\` is empty, or an iterable that works only once`)
    let batchesInStep = 0
    let examples = 0
    try {
      // One by epochs comes by itself, for its epoch has not been counted.
      if (due && steps < Infinity && (await validation(run)) && !ahead.done) await events.fire('onSavePoint')
      due = false
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
          agreeToStop(outcome?.stop)
          progress.step += 1
          progress.stepBatch = progress.batch
          progress.isValidationDue = false
          const read = reads.atStepEnd(outputs, result.examples, outcome?.means)
          if (read) {
            const loss = await read
            // For modules that cannot tell by themselves without reading.
            if (nonFinite === 'throw' && !Number.isFinite(loss ?? 0)) reportNonFinite(run, step)
          }
          pending = onStepEnd()
          if (pending) await pending
          if (validate && progress.step % steps === 0) await validation(run)
          if (!isLast && !progress.isValidationDue) {
            pending = onSavePoint()
            if (pending) await pending
          }
          clear()
          batchesInStep = 0
          examples = 0
        }
        pending = run.turns.next()
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
    else if (progress.isValidationDue && steps < Infinity) return
    else {
      const { batch } = progress
      progress.epoch += 1
      progress.batch = 0
      progress.stepBatch = 0
      if (validate && progress.epoch % epochs === 0 && !(await validation(run))) {
        // Back to the end of the epoch's data: the next run finds nothing left there, and validates.
        progress.epoch -= 1
        progress.batch = batch
        progress.stepBatch = batch
        return
      }
      await events.fire('onEpochEnd')
      await run.save(false)
    }
  }
}

/** Validates and tells whether it came to the end; a signal leaves the validation due, without an `onValidationEnd`. */
async function validation<B>(run: TrainingRun<B>): Promise<boolean> {
  const { progress, events } = run
  await events.fire('onValidationStart')
  progress.isValidationDue = !(await evaluation(run, 'validate.data', run.validate!.data, 'val_'))
  if (progress.isValidationDue) return false
  progress.validations += 1
  await events.fire('onValidationEnd')
  return true
}

function reportNonFinite(
  { nonFinite, state, host }: Pick<TrainingRun<never>, 'nonFinite' | 'state' | 'host'>,
  step: number,
): void {
  const message = `the loss or a gradient is NaN or infinite at step ${step} (epoch ${state.epoch}, batch ${state.batch})`
  if (nonFinite === 'throw')
    fail(`${message}; lower the learning rate, clip gradients or set \`nonFinite: 'skip'\``)
  // All ranks learn of it.
  if (nonFinite === 'skip' && !state.globalRank) host.warn(`[core] ${message}; update skipped`)
}
