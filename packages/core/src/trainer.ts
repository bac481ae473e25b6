import { type Callback, nameOf } from './callback.ts'
import type { Checkpoint, Checkpointer, ResumeSource } from './checkpointer.ts'
import { batchesOf, checkData, type DataSource } from './data-loader.ts'
import { createDispatcher } from './dispatcher.ts'
import { fail, toError } from './errors.ts'
import { checkPass, evaluation, onePass } from './evaluation.ts'
import type { EventDetail, EventName } from './events.ts'
import { defaultHost, type Host } from './host.ts'
import type { NonFinitePolicy, StateTree, TrainingModule } from './module.ts'
import { check, type Duration, milliseconds, oneOf, wholeNumber } from './options.ts'
import { scalarReads } from './scalar-reads.ts'
import { type Action, LoopState, type Progress, type RunState, type TrainerState } from './state.ts'
import type { StopReason, StopRequest } from './stop.ts'
import { single, type Strategy } from './strategy.ts'
import type { AnyOutputs, HostTensor, MetricName, Outputs, TensorName } from './tensor.ts'
import type { TrainerHandle } from './trainer-handle.ts'
import { trainingLoop, type TrainingRun, type ValidateEvery } from './training-loop.ts'
import { createTensors } from './training-state.ts'
import { createTurns } from './turns.ts'

export interface TrainerOptions<B, O extends Outputs> {
  /** What to train. */
  module: TrainingModule<B, O>
  /** What to train it on; may be left out where only `evaluate()` and `predict()` are called. */
  data?: DataSource<B> | undefined
  /** Run in the order given, those with `enforce: 'post'` (loggers) after the others. */
  callbacks?: readonly NoInfer<Callback<MetricName<O>, O>>[] | undefined
  /** Epochs of the whole run, those before a resume included. */
  maxEpochs?: number | undefined
  /** Updates of the whole run, those before a resume included. */
  maxSteps?: number | undefined
  /** How long this call of `train()` may take, for example `{ minutes: 30 }`. */
  maxTime?: Duration | undefined
  /** Batches whose gradients make one update. Default: 1. */
  batchesPerStep?: number | undefined
  /** Data to validate on, and when. Default: after every epoch. */
  validate?: { data: DataSource<B>; every?: ValidateEvery } | undefined
  /** What to do when the loss or a gradient is NaN or infinite. Default: `throw`. */
  nonFinite?: NonFinitePolicy | undefined
  /** Default: `single()`. */
  strategy?: Strategy | undefined
  checkpointer?: Checkpointer | undefined
  /** What stands for the process or the page; for tests. */
  host?: Host | undefined
}

/** What `train()` gives back. */
export interface TrainResult {
  readonly reason: StopReason
  /** What `requestStop` was given, or the name of the signal. */
  readonly detail: string | undefined
  readonly step: number
  readonly epoch: number
  /** The last value of every scalar that was read. */
  readonly metrics: Readonly<Record<string, number>>
}

/**
 * Trains, evaluates and predicts with a module. The loop and its events are described in `events.ts`.
 *
 * ```ts
 * const trainer = new Trainer({ module, data, maxEpochs: 3, callbacks: [new SimpleLogger()] })
 * const { step, metrics } = await trainer.train()
 * ```
 */
export class Trainer<B = unknown, O extends Outputs = AnyOutputs> implements TrainerHandle {
  declare readonly module: TrainingModule<B, O>
  declare readonly strategy: Strategy
  declare readonly host: Host
  declare readonly callbacks: readonly Callback<MetricName<O>, O>[]
  declare readonly state: TrainerState<O>
  declare readonly maxEpochs: number | undefined
  declare readonly maxSteps: number | undefined
  declare logDirectory: string | undefined
  declare resumeFrom: ResumeSource | undefined
  readonly #run: TrainingRun<B>
  readonly #checkpointer: Checkpointer | undefined
  readonly #maxTime: number
  #running = false
  #loaded = false
  #restored = false

  constructor({
    module,
    data,
    callbacks = [],
    maxEpochs,
    maxSteps,
    maxTime,
    batchesPerStep = 1,
    validate,
    nonFinite = 'throw',
    strategy = single(),
    checkpointer,
    host = defaultHost(),
  }: TrainerOptions<B, O>) {
    check(module, 'module', 'a training module', module)
    if (data !== undefined) checkData('data', data)
    if (validate) checkData('validate.data', validate.data)
    const validateEvery = validate?.every ?? { epochs: 1 }
    const { epochs, steps } = validateEvery
    const isEither = (epochs === undefined) !== (steps === undefined)
    check(isEither, 'validate.every', '{ epochs: n } or { steps: n }', 'both or neither')
    const counts = {
      maxEpochs,
      maxSteps,
      batchesPerStep,
      'validate.every.epochs': epochs,
      'validate.every.steps': steps,
    }
    for (const [option, count] of Object.entries(counts))
      if (count !== undefined) wholeNumber(option, count, 1)
    oneOf('nonFinite', nonFinite, ['throw', 'skip', 'apply'])
    checkCallbacks(callbacks)
    this.#checkpointer = checkpointer
    this.#maxTime = maxTime ? milliseconds('maxTime', maxTime) : Infinity
    const progress: Progress = {
      step: 0,
      epoch: 0,
      batch: 0,
      stepBatch: 0,
      validations: 0,
      isValidationDue: false,
    }
    const tensors = createTensors((key) => module.tensor(key as TensorName<O>))
    const { localRank, globalRank, worldSize } = strategy
    const state = new LoopState(progress, {
      localRank,
      globalRank,
      worldSize,
      optimizers: module.optimizers,
      tensors,
      requestStop: (detail) => void (this.#run.stop ??= { reason: 'stop', detail }),
    }) as unknown as RunState
    const visible = {
      module,
      strategy,
      host,
      maxEpochs,
      maxSteps,
      callbacks: [...(strategy.callbacks ?? []), ...callbacks].toSorted(inOrder),
      state,
    }
    Object.assign(this, visible)
    // Key by key, for engines give each object that begins with a spread a shape of its own: the loop was compiled anew in every run.
    this.#run = {
      module,
      strategy,
      host,
      maxEpochs,
      maxSteps,
      callbacks: visible.callbacks,
      state,
      data,
      batchesPerStep,
      nonFinite,
      validate,
      validateEvery,
      progress,
      tensors,
      events: createDispatcher(visible.callbacks, state, this),
      stop: undefined,
      turns: createTurns(
        host,
        () => void (this.#run.stop ??= { reason: 'maxTime', detail: 'maxTime is over' }),
      ),
      save: (force) => this.#save(force),
    }
  }

  get stopRequest(): StopRequest | undefined {
    return this.#run.stop
  }

  get stepsPerEpoch(): number | undefined {
    const batches = batchesOf(this.#run.data)
    return batches && Math.ceil(batches / this.#run.batchesPerStep)
  }

  get totalSteps(): number | undefined {
    const { stepsPerEpoch = Infinity, maxEpochs = Infinity, maxSteps = Infinity } = this
    const total = Math.min(maxSteps, maxEpochs * stepsPerEpoch)
    return total === Infinity ? undefined : total
  }

  /**
   * Trains until `maxEpochs`, `maxSteps` or `maxTime`, or until somebody asks to stop, and tells why it ended. Called again, it goes on from there.
   * @throws the first error of the module, the data or a callback; what fails after it hangs on it as `suppressed`.
   */
  async train(): Promise<TrainResult> {
    const run = this.#run
    const { module, data, validate, progress, state, maxEpochs, maxSteps = Infinity } = run
    checkData('data', data)
    if (!maxEpochs && !this.maxSteps && this.#maxTime === Infinity)
      fail('set `maxEpochs`, `maxSteps` or `maxTime`')
    if (validate) checkPass(module, 'evalBatch', 'validate.data', validate.data)
    const reads = scalarReads(run)
    return this.#act('train', async () => {
      await trainingLoop(run, reads)
      await run.save(true)
      if (!state.globalRank) await this.#checkpointer?.saveModel?.(await module.getState(), progress.epoch)
      const { step, epoch } = progress
      const { reason, detail } = run.stop ?? {
        reason: step < maxSteps ? 'maxEpochs' : 'maxSteps',
        detail: undefined,
      }
      return { reason, detail, step, epoch, metrics: Object.fromEntries(state.metrics) }
    })
  }

  /**
   * Gives the mean of every scalar output over a data set (by default `validate.data`), weighted by examples. They are in `state.metrics`, too.
   * @throws if it is stopped before the end.
   */
  async evaluate(
    data: DataSource<B> | undefined = this.#run.validate?.data,
  ): Promise<{ readonly [K in TensorName<O>]: number }> {
    const option = 'evaluate(data)'
    checkPass(this.module, 'evalBatch', option, data)
    const means = await this.#act('eval', () => evaluation(this.#run, option, data!, ''))
    return means as { [K in TensorName<O>]: number }
  }

  /**
   * Gives one output of the module for each batch, copied to the host.
   * @param output Default: `predictions`.
   * @throws if it is stopped before the end.
   */
  async predict(
    data: DataSource<B>,
    output: TensorName<O> = 'predictions' as TensorName<O>,
  ): Promise<HostTensor[]> {
    const option = 'predict(data)'
    const predictions: HostTensor[] = []
    const keep = async (): Promise<unknown> => predictions.push(await this.state.tensors.read(output))
    checkPass(this.module, 'predictBatch', option, data)
    await this.#act('infer', () => onePass(this.#run, 'predictBatch', option, data, keep))
    return predictions
  }

  /** Gives everything that a run needs to go on. A subclass may add keys; it then overrides `updateState`, too. */
  async getState(): Promise<Checkpoint> {
    const { step, epoch, stepBatch, validations, isValidationDue } = this.#run.progress
    // JSON has no NaN and no Infinity.
    const metrics = [...this.state.metrics].map(([name, value]) => [
      name,
      Number.isFinite(value) ? value : String(value),
    ])
    const callbacks: Record<string, StateTree> = {}
    for (const callback of this.callbacks)
      if (callback.getState) callbacks[nameOf(callback)] = await callback.getState()
    return {
      module: await this.module.getState(),
      trainer: {
        step,
        epoch,
        batch: stepBatch,
        validations,
        isValidationDue,
        metrics: Object.fromEntries(metrics),
      },
      strategy: (await this.strategy.getState?.()) ?? {},
      callbacks,
    }
  }

  /** Takes over a checkpoint; the next `train()` goes on from there. Parts that are missing leave what they are about as it is. */
  async updateState({ module, trainer, strategy, callbacks = {} }: Checkpoint): Promise<void> {
    const { progress, state } = this.#run
    const counters = ['step', 'epoch', 'batch', 'validations'] as const
    const { metrics = {}, ...counts } = { validations: 0, ...trainer } as unknown as Progress & {
      metrics?: Record<string, number | string>
    }
    if (trainer) for (const key of counters) wholeNumber(`checkpoint.trainer.${key}`, counts[key], 0)
    if (module) await this.module.updateState(module)
    if (strategy) await this.strategy.updateState?.(strategy)
    if (trainer) {
      for (const key of counters) progress[key] = counts[key]
      progress.stepBatch = progress.batch
      progress.isValidationDue = Boolean(counts.isValidationDue)
      state.metrics.clear()
      for (const [name, value] of Object.entries(metrics)) state.metrics.set(name, Number(value))
    }
    for (const [name, kept] of Object.entries(callbacks)) {
      const owner = this.callbacks.find((callback) => nameOf(callback) === name && callback.updateState)
      if (owner) await owner.updateState!(kept)
      else if (!state.globalRank)
        this.host.warn(`[core] no updateState() for the checkpoint's state of callback "${name}"`)
    }
    if (trainer) this.#restored = true
  }

  addCallback(callback: Callback<MetricName<O>, O>): void {
    const list = this.callbacks as Callback<MetricName<O>, O>[]
    if (this.#running || this.#loaded) fail('callbacks can be added only before the first run')
    checkCallbacks([...list, callback])
    list.push(callback)
    list.sort(inOrder)
  }

  async emit<E extends EventName>(event: E, ...detail: EventDetail<E>): Promise<void> {
    await this.#run.events.fire(event, ...detail)
  }

  async #save(force: boolean): Promise<void> {
    await this.#run.events.fire('onSavePoint')
    if (!this.#checkpointer) return
    const checkpoint = await this.getState()
    if (!this.state.globalRank) await this.#checkpointer.save(checkpoint, this.state.epoch, force)
  }

  /** Runs an action between its events; afterwards everybody whose `onActionStart` was entered has had an `onActionEnd`. */
  async #act<T>(action: Action, body: () => Promise<T>): Promise<T> {
    const run = this.#run
    const { events, state, progress, callbacks } = run
    if (this.#running) fail('this trainer is running already; to evaluate meanwhile, use `validate`')
    this.#running = true
    run.stop = undefined
    state.action = action
    const isTraining = action === 'train'
    run.turns.allow(isTraining ? this.#maxTime : Infinity)
    let soon = 0
    const ignoreSignals = this.host.onSignal((signal, exitCode) => {
      const now = this.host.now()
      if (run.stop?.reason === 'signal') {
        // Within a second it is the same wish: a cluster tells each process, and its launcher tells them again.
        if (now > soon) this.host.exit(exitCode)
        return
      }
      soon = now + 1000
      run.stop = { reason: 'signal', detail: signal }
      this.host.setExitCode(exitCode)
    })
    let entered = 0
    let ended = 0
    try {
      await this.#load()
      // Evaluation counts its own batches; the position in the training data is put back afterwards.
      if (!isTraining) progress.batch = 0
      while (entered < callbacks.length) await events.fireOn(entered++, 'onActionStart')
      const result = await body()
      while (ended < entered) await events.fireOn(ended++, 'onActionEnd')
      return result
    } catch (thrown) {
      const error: Error & { suppressed?: unknown[] } = toError(thrown)
      const suppress = (later: unknown): void => void (error.suppressed ??= []).push(later)
      for (let i = 0; i < entered; i++) await events.fireOn(i, 'onException', error).catch(suppress)
      while (ended < entered) await events.fireOn(ended++, 'onActionEnd').catch(suppress)
      // The others would wait for this rank for ever.
      if (this.strategy.worldSize > 1) this.strategy.abort(1, error.message)
      throw error
    } finally {
      progress.batch = progress.stepBatch
      this.#running = false
      ignoreSignals()
    }
  }

  /** Takes over what the checkpointer, the resume source or a callback has, once; then tells the callbacks where the run's files go and where it goes on. */
  async #load(): Promise<void> {
    if (!this.#loaded) {
      const found: [name: string, checkpoint: Checkpoint][] = []
      for (const source of [this.#checkpointer, this.resumeFrom, ...this.callbacks]) {
        const checkpoint = (await source?.load?.(this)) ?? {}
        if (Object.values(checkpoint).some(Boolean)) found.push([nameOf(source as Callback), checkpoint])
      }
      const [first, second] = found
      if (second) fail(`both ${first![0]} and ${second[0]} have a checkpoint; use one of them`)
      if (first) await this.updateState(first[1])
      this.#loaded = true
    }
    if (this.logDirectory) for (const callback of this.callbacks) callback.useDirectory?.(this.logDirectory)
    if (this.#restored && this.state.action === 'train') {
      this.#restored = false
      await this.#run.events.fire('onResume')
    }
  }
}

/** Loggers after the others; the rest in the order given. */
function inOrder(a: Callback<string>, b: Callback<string>): number {
  return Number(a.enforce === 'post') - Number(b.enforce === 'post')
}

/** Callbacks are objects, and those that keep a state need names of their own. */
function checkCallbacks(callbacks: readonly Callback<string>[]): void {
  const expected = 'a list of objects such as onStepEnd(fn)'
  check(Array.isArray(callbacks), 'callbacks', expected, callbacks)
  const names = new Set<string>()
  for (const callback of callbacks) {
    check(typeof callback === 'object' && callback, 'callbacks', expected, callback)
    const name = nameOf(callback)
    if (callback.getState && names.size === names.add(name).size)
      fail(`two callbacks with a state are called "${name}"; give one another \`name\``)
  }
}
