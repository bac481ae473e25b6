import { type Callback, nameOf } from './callback.ts'
import type { Checkpoint, Checkpointer, ResumeSource } from './checkpointer.ts'
import { batchesOf, checkData, type DataSource, openEpoch } from './data-loader.ts'
import { Dispatcher, inOrder } from './dispatcher.ts'
import { fail, suppress, toError } from './errors.ts'
import { evaluate } from './evaluation.ts'
import type { EventDetail, EventName } from './events.ts'
import { defaultHost, type Host } from './host.ts'
import type { NonFinitePolicy, StateRecord, StateTree, TrainingModule } from './module.ts'
import { type Duration, milliseconds, oneOf, wholeNumber } from './options.ts'
import { isValidationName, ScalarReads } from './scalar-reads.ts'
import { type Action, type Progress, RunState, type TrainerState } from './state.ts'
import type { StopReason, StopRequest } from './stop.ts'
import { single, type Strategy } from './strategy.ts'
import { type AnyOutputs, disposeOutputs, type HostTensor, type MetricName, type Outputs, type TensorName } from './tensor.ts'
import type { TrainerHandle } from './trainer-handle.ts'
import { trainingLoop, type ValidateEvery } from './training-loop.ts'
import { CurrentTensors } from './training-state.ts'

export interface TrainerOptions<B, O extends Outputs> {
  /** What to train. */
  module: TrainingModule<B, O>
  /** What to train it on; may be left out where only `evaluate()` and `predict()` are called. */
  data?: DataSource<B>
  /** Run in the order given, those with `enforce: 'post'` (loggers) after the others. */
  callbacks?: readonly NoInfer<Callback<MetricName<O>, O>>[]
  /** Epochs of the whole run, those before a resume included. */
  maxEpochs?: number
  /** Updates of the whole run, those before a resume included. */
  maxSteps?: number
  /** How long this call of `train()` may take, for example `{ minutes: 30 }`. */
  maxTime?: Duration
  /** Batches whose gradients make one update. Default: 1. */
  batchesPerStep?: number
  /** Data to validate on, and when. Default: after every epoch. */
  validate?: { data: DataSource<B>; every?: ValidateEvery }
  /** What to do when the loss or a gradient is NaN or infinite. Default: `throw`. */
  nonFinite?: NonFinitePolicy
  /** Default: `single()`. */
  strategy?: Strategy
  checkpointer?: Checkpointer
  /** What stands for the process or the page; for tests. */
  host?: Host
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

/** How long the loop computes before it lets timers, signals and I/O run. */
const turnEvery = 50

/**
 * Trains, evaluates and predicts with a module. The loop and its events are described in `events.ts`.
 *
 * ```ts
 * const trainer = new Trainer({ module, data, maxEpochs: 3, callbacks: [new SimpleLogger()] })
 * const { step, metrics } = await trainer.train()
 * ```
 */
export class Trainer<B = unknown, O extends Outputs = AnyOutputs> implements TrainerHandle {
  readonly module: TrainingModule<B, O>
  readonly strategy: Strategy
  readonly host: Host
  readonly callbacks: readonly Callback<MetricName<O>, O>[]
  readonly state: TrainerState<O>
  readonly maxEpochs: number | undefined
  readonly maxSteps: number | undefined
  logDirectory: string | undefined
  resumeFrom: ResumeSource | undefined
  readonly #options: TrainerOptions<B, O>
  readonly #batchesPerStep: number
  readonly #validateEvery: ValidateEvery
  readonly #maxTime: number
  readonly #progress: Progress = { step: 0, epoch: 0, batch: 0 }
  readonly #tensors: CurrentTensors
  readonly #state: RunState
  readonly #events: Dispatcher
  #stop: StopRequest | undefined
  #deadline = Infinity
  #lastTurn = 0
  #running = false
  #loaded = false
  #restored = false

  constructor(options: TrainerOptions<B, O>) {
    const { module, data, callbacks = [], maxEpochs, maxSteps, maxTime, batchesPerStep = 1, validate, strategy = single() } = options
    const { every = { epochs: 1 } } = validate ?? {}
    if (!module) fail('`module` is missing: what is to be trained?')
    if (data !== undefined) checkData('data', data)
    if (validate) checkData('validate.data', validate.data)
    if (maxEpochs !== undefined) wholeNumber('maxEpochs', maxEpochs, 1)
    if (maxSteps !== undefined) wholeNumber('maxSteps', maxSteps, 1)
    wholeNumber('batchesPerStep', batchesPerStep, 1)
    wholeNumber(`validate.every.${every.steps === undefined ? 'epochs' : 'steps'}`, every.steps ?? every.epochs, 1)
    oneOf('nonFinite', options.nonFinite ?? 'throw', ['throw', 'skip', 'apply'])
    this.#options = options
    this.#batchesPerStep = batchesPerStep
    this.#validateEvery = every
    this.#maxTime = maxTime ? milliseconds('maxTime', maxTime) : Infinity
    this.module = module
    this.strategy = strategy
    this.host = options.host ?? defaultHost()
    this.maxEpochs = maxEpochs
    this.maxSteps = maxSteps
    this.callbacks = inOrder(checkCallbacks(callbacks))
    this.#tensors = new CurrentTensors((key) => module.tensor(key as TensorName<O>))
    const { localRank, globalRank, worldSize } = strategy
    this.#state = new RunState(this.#progress, {
      localRank,
      globalRank,
      worldSize,
      optimizers: module.optimizers,
      tensors: this.#tensors,
      requestStop: (detail) => (this.#stop ??= { reason: 'stop', detail }),
    })
    this.state = this.#state
    this.#events = new Dispatcher(this.callbacks, this.#state, this)
  }

  get stepsPerEpoch(): number | undefined {
    const batches = batchesOf(this.#options.data as DataSource<never> | undefined)
    return batches === undefined ? undefined : Math.ceil(batches / this.#batchesPerStep)
  }

  get totalSteps(): number | undefined {
    const { stepsPerEpoch, maxEpochs = Infinity, maxSteps = Infinity } = this
    const total = Math.min(maxSteps, maxEpochs * (stepsPerEpoch ?? Infinity))
    return total === Infinity ? undefined : total
  }

  /**
   * Trains until `maxEpochs`, `maxSteps` or `maxTime`, or until somebody asks to stop, and tells why it ended. Called again, it goes on from there.
   * @throws the first error of the module, the data or a callback; what fails after it hangs on it as `suppressed`.
   */
  async train(): Promise<TrainResult> {
    const { data, validate, checkpointer, nonFinite = 'throw' } = this.#options
    const { maxEpochs, maxSteps } = this
    if (data === undefined) fail('`data` is missing: what is to be trained on?')
    if (maxEpochs === undefined && maxSteps === undefined && this.#maxTime === Infinity)
      fail('when is training over? Set `maxEpochs`, `maxSteps` or `maxTime`')
    for (const callback of validate ? [] : this.callbacks) {
      const name = callback.reads?.find(isValidationName)
      if (name) fail(`callback "${nameOf(callback)}" reads "${name as string}", but the trainer has no \`validate: { data }\``)
    }
    const save = async (force: boolean): Promise<void> => {
      if (!checkpointer) return
      const checkpoint = await this.getState()
      if (!this.#state.globalRank) await checkpointer.save(checkpoint, this.#progress.epoch, force)
    }
    return this.#act('train', async () => {
      this.#deadline = this.host.now() + this.#maxTime
      await trainingLoop({
        module: this.module,
        data: data!,
        strategy: this.strategy,
        maxEpochs: maxEpochs ?? Infinity,
        maxSteps: maxSteps ?? Infinity,
        batchesPerStep: this.#batchesPerStep,
        nonFinite,
        validate: validate && { data: validate.data, every: this.#validateEvery },
        state: this.#state,
        progress: this.#progress,
        tensors: this.#tensors,
        reads: new ScalarReads(this.callbacks, this.module, this.#tensors, this.strategy),
        events: this.#events,
        stopRequested: () => this.#stop !== undefined,
        turn: this.#turn,
        save: () => save(false),
        warn: (message) => this.host.warn(message),
      })
      await this.#events.fire('onSavePoint')
      await save(true)
      if (checkpointer?.saveModel && !this.#state.globalRank)
        await checkpointer.saveModel(await this.module.getState(), this.#progress.epoch)
      const { step, epoch } = this.#progress
      const { reason, detail } = this.#stop ?? { reason: step >= (maxSteps ?? Infinity) ? 'maxSteps' : 'maxEpochs', detail: undefined }
      return { reason, detail, step, epoch, metrics: Object.fromEntries(this.#state.metrics) }
    })
  }

  /**
   * Gives the mean of every scalar output over a data set (by default `validate.data`), weighted by examples. They are in `state.metrics`, too.
   * @throws if it is stopped before the end.
   */
  async evaluate(data: DataSource<B> | undefined = this.#options.validate?.data): Promise<{ readonly [K in TensorName<O>]: number }> {
    checkData('evaluate(data)', data)
    return this.#act('eval', async () => {
      const means = await evaluate(this.module, data!, 'evaluate(data)', this.strategy, this.#progress, this.#turn, this.#aroundBatch)
      for (const [name, mean] of means) this.#state.metrics.set(name, mean)
      return Object.fromEntries(means) as { [K in TensorName<O>]: number }
    })
  }

  /**
   * Gives one output of the module for each batch, copied to the host.
   * @param output Default: `predictions`.
   * @throws if it is stopped before the end.
   */
  async predict(data: DataSource<B>, output: TensorName<O> = 'predictions' as TensorName<O>): Promise<HostTensor[]> {
    checkData('predict(data)', data)
    return this.#act('infer', async () => {
      const { module } = this
      const { step, epoch } = this.#progress
      const rank = this.#state.globalRank ?? 0
      if (!module.predictBatch) fail('the module has no predictBatch(), which predict() needs')
      const batches = await openEpoch(data, 0, 0, { rank, size: this.strategy.worldSize })
      const predictions: HostTensor[] = []
      for (let next = await batches.next(); !next.done; next = await batches.next()) {
        const { value } = next
        await this.#aroundBatch(async () => {
          const { outputs } = await module.predictBatch!(value, { step, epoch, batch: this.#progress.batch, rank })
          this.#tensors.set(outputs)
          predictions.push(await this.#tensors.read(output))
          return outputs
        })
        await this.#turn()
      }
      return predictions
    })
  }

  /** Gives everything that a run needs to go on. A subclass may add keys; it then overrides `updateState`, too. */
  async getState(): Promise<Checkpoint> {
    const { step, epoch, batch } = this.#progress
    const callbacks: Record<string, StateTree> = {}
    for (const callback of this.callbacks) if (callback.getState) callbacks[nameOf(callback)] = await callback.getState()
    return {
      module: await this.module.getState(),
      trainer: { step, epoch, batch, metrics: Object.fromEntries(this.#state.metrics) },
      strategy: (await this.strategy.getState?.()) ?? {},
      callbacks,
    }
  }

  /** Takes over a checkpoint; the next `train()` goes on from there. Parts that are missing leave what they are about as it is. */
  async updateState({ module, trainer, strategy, callbacks = {} }: Checkpoint): Promise<void> {
    if (module) await this.module.updateState(module)
    if (strategy) await this.strategy.updateState?.(strategy)
    if (trainer) {
      for (const key of ['step', 'epoch', 'batch'] as const) {
        wholeNumber(`checkpoint.trainer.${key}`, trainer[key], 0)
        this.#progress[key] = trainer[key] as number
      }
      this.#state.metrics.clear()
      for (const [name, value] of Object.entries((trainer['metrics'] ?? {}) as StateRecord)) this.#state.metrics.set(name, Number(value ?? NaN))
    }
    for (const [name, state] of Object.entries(callbacks)) {
      const owner = this.callbacks.find((callback) => nameOf(callback) === name)
      if (owner?.updateState) await owner.updateState(state)
      else this.host.warn(`[core] the checkpoint has a state for callback "${name}", which this run ${owner ? 'cannot take over: it has no updateState()' : 'does not have'}`)
    }
    this.#restored = true
  }

  async emit<E extends EventName>(event: E, ...detail: EventDetail<E>): Promise<void> {
    await this.#events.fire(event, detail)
  }

  readonly #turn = (): Promise<void> | undefined => {
    const now = this.host.now()
    if (now >= this.#deadline) this.#stop ??= { reason: 'maxTime', detail: 'maxTime is over' }
    if (now - this.#lastTurn < turnEvery) return undefined
    return this.host.turn().then(() => void (this.#lastTurn = this.host.now()))
  }

  /** Fires the events of a batch of `evaluate()` or `predict()` around its work. */
  readonly #aroundBatch = async (compute: () => Promise<object>): Promise<void> => {
    if (this.#stop) fail(`${this.#state.action} was stopped after ${this.#progress.batch} batches: ${this.#stop.detail}`)
    await this.#events.fire('onBatchStart')
    try {
      this.#tensors.set(await compute())
      this.#progress.batch += 1
      await this.#events.fire('onBatchEnd')
    } finally {
      disposeOutputs(this.#tensors.take())
    }
  }

  /** Runs an action between its events; afterwards everybody whose `onActionStart` was entered has had an `onActionEnd`. */
  async #act<T>(action: Action, body: () => Promise<T>): Promise<T> {
    if (this.#running) fail('this trainer is running already; wait for it, or make another')
    this.#running = true
    this.#stop = undefined
    this.#state.action = action
    this.#deadline = Infinity
    this.#lastTurn = this.host.now()
    const ignoreSignals = this.host.onSignal((signal, exitCode) => {
      if (this.#stop?.reason === 'signal') return this.host.exit(exitCode)
      this.#stop = { reason: 'signal', detail: signal }
      this.host.setExitCode(exitCode)
    })
    const position = { ...this.#progress }
    const entered: Callback<string>[] = []
    const ended = new Set<Callback<string>>()
    const end = async (callback: Callback<string>): Promise<void> => {
      if (ended.has(callback)) return
      ended.add(callback)
      await this.#events.fireOn(callback, 'onActionEnd')
    }
    try {
      await this.#load(action)
      if (action !== 'train') this.#progress.batch = 0
      for (const callback of this.callbacks) {
        entered.push(callback)
        await this.#events.fireOn(callback, 'onActionStart')
      }
      const result = await body()
      for (const callback of entered) await end(callback)
      return result
    } catch (thrown) {
      const error = toError(thrown)
      const tell = async (callback: Callback<string>): Promise<void> => this.#events.fireOn(callback, 'onException', error)
      for (const step of [tell, end])
        for (const callback of entered) await step(callback).catch((later: unknown) => suppress(error, later))
      throw error
    } finally {
      if (action !== 'train') this.#progress.batch = position.batch
      this.#running = false
      ignoreSignals()
    }
  }

  /** Takes over what the checkpointer or the resume source has, once; then tells the callbacks where the run's files go and where it goes on. */
  async #load(action: Action): Promise<void> {
    if (!this.#loaded) {
      const found: [string, Checkpoint][] = []
      for (const source of [this.#options.checkpointer, this.resumeFrom]) {
        const checkpoint = await source?.load()
        if (checkpoint && Object.values(checkpoint).some((part) => part !== undefined && part !== null)) found.push([source!.name ?? source!.constructor.name, checkpoint])
      }
      if (found.length > 1) fail(`two places have a checkpoint to go on from, ${found.map(([name]) => name).join(' and ')}: use only one of them`)
      if (found[0]) await this.updateState(found[0][1])
      this.#loaded = true
    }
    if (this.logDirectory !== undefined) for (const callback of this.callbacks) callback.useDirectory?.(this.logDirectory)
    if (this.#restored && action === 'train') {
      this.#restored = false
      await this.#events.fire('onResume')
    }
  }
}

/** Callbacks that keep a state need names of their own. */
function checkCallbacks<C extends Callback<string>>(callbacks: readonly C[]): readonly C[] {
  const names = new Set<string>()
  for (const callback of callbacks) {
    if (typeof callback !== 'object' || callback === null)
      fail(`\`callbacks\` must hold objects, not a ${typeof callback}; make a callback of a function with onStepEnd(fn) or another event`)
    if (!callback.getState) continue
    const name = nameOf(callback)
    if (names.has(name)) fail(`two callbacks that keep a state are called "${name}"; give each a \`name\` of its own`)
    names.add(name)
  }
  return callbacks
}
