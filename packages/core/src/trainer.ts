import { type Callback, nameOf } from './callback.ts'
import type { Checkpoint, Checkpointer, ResumeSource } from './checkpointer.ts'
import { batchesOf, checkData, type DataSource } from './data-loader.ts'
import { createDispatcher, inOrder } from './dispatcher.ts'
import { fail, toError } from './errors.ts'
import { type Compute, onePass } from './evaluation.ts'
import type { EventDetail, EventName } from './events.ts'
import { defaultHost, type Host } from './host.ts'
import type { NonFinitePolicy, StateTree, TrainingModule } from './module.ts'
import { type Duration, milliseconds, oneOf, wholeNumber } from './options.ts'
import { scalarReads } from './scalar-reads.ts'
import { type Action, createState, type Progress, type TrainerState } from './state.ts'
import type { StopReason, StopRequest } from './stop.ts'
import { single, type Strategy } from './strategy.ts'
import type { AnyOutputs, HostTensor, MetricName, Outputs, TensorName } from './tensor.ts'
import type { TrainerHandle } from './trainer-handle.ts'
import { trainingLoop, type TrainingRun, type ValidateEvery } from './training-loop.ts'
import { createTensors } from './training-state.ts'
import { weightedMeans, type WeightedOutputs } from './weighted-means.ts'

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

/** How many milliseconds the loop computes before it lets timers, signals and I/O run. */
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
  declare readonly module: TrainingModule<B, O>
  declare readonly strategy: Strategy
  declare readonly host: Host
  readonly callbacks: readonly Callback<MetricName<O>, O>[]
  readonly state: TrainerState<O>
  declare readonly maxEpochs: number | undefined
  declare readonly maxSteps: number | undefined
  declare logDirectory: string | undefined
  declare resumeFrom: ResumeSource | undefined
  readonly #run: TrainingRun<B>
  readonly #checkpointer: Checkpointer | undefined
  readonly #maxTime: number
  #stop: StopRequest | undefined
  #deadline = 0
  #lastTurn = 0
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
    if (!module) fail('`module` is missing')
    if (data !== undefined) checkData('data', data)
    if (validate) checkData('validate.data', validate.data)
    const { epochs, steps } = validate?.every ?? {}
    if (validate?.every && (epochs === undefined) === (steps === undefined))
      fail('`validate.every` must be { epochs: n } or { steps: n }')
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
    Object.assign(this, { module, strategy, host, maxEpochs, maxSteps })
    this.callbacks = inOrder(callbacks)
    this.#checkpointer = checkpointer
    this.#maxTime = maxTime ? milliseconds('maxTime', maxTime) : Infinity
    const progress: Progress = { step: 0, epoch: 0, batch: 0, stepBatch: 0, validations: 0 }
    const tensors = createTensors((key) => module.tensor(key as TensorName<O>))
    const { localRank, globalRank, worldSize } = strategy
    const requestStop = (detail: string): void => void (this.#stop ??= { reason: 'stop', detail })
    const state = createState(progress, {
      localRank,
      globalRank,
      worldSize,
      optimizers: module.optimizers,
      tensors,
      requestStop,
    })
    this.state = state
    this.#run = {
      module,
      data,
      strategy,
      host,
      maxEpochs,
      maxSteps,
      batchesPerStep,
      nonFinite,
      validate,
      state,
      progress,
      tensors,
      events: createDispatcher(this.callbacks, state, this),
      stopRequested: () => this.#stop !== undefined,
      turn: () => this.#turn(),
      save: (force) => this.#save(force),
    }
  }

  get stopRequest(): StopRequest | undefined {
    return this.#stop
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
    const { module, data, validate, progress, state, events, maxEpochs, maxSteps = Infinity } = this.#run
    if (!data) fail('`data` is missing')
    if (!maxEpochs && !this.maxSteps && this.#maxTime === Infinity)
      fail('when is training over? Set `maxEpochs`, `maxSteps` or `maxTime`')
    if (validate && !module.evalBatch) fail('the module has no evalBatch(), which `validate` needs')
    const reads = scalarReads(this.callbacks, this.#run)
    return this.#act('train', async () => {
      this.#deadline = this.host.now() + this.#maxTime
      await trainingLoop(this.#run, reads)
      await events.fire('onSavePoint')
      await this.#save(true)
      if (!state.globalRank) await this.#checkpointer?.saveModel?.(await module.getState(), progress.epoch)
      const { step, epoch } = progress
      const { reason, detail } = this.#stop ?? {
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
    const means = weightedMeans(this.#run)
    return this.#pass(
      'eval',
      'evaluate(data)',
      data,
      'evalBatch',
      (result) => means.add([result]),
      async () => {
        const found = await means.over('evaluate(data)')
        for (const [name, mean] of found) this.state.metrics.set(name, mean)
        return Object.fromEntries(found) as { [K in TensorName<O>]: number }
      },
    )
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
    const predictions: HostTensor[] = []
    const keep = async (): Promise<unknown> => predictions.push(await this.state.tensors.read(output))
    return this.#pass('infer', 'predict(data)', data, 'predictBatch', keep, () => predictions)
  }

  /** Gives everything that a run needs to go on. A subclass may add keys; it then overrides `updateState`, too. */
  async getState(): Promise<Checkpoint> {
    const { step, epoch, stepBatch, validations } = this.#run.progress
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
      trainer: { step, epoch, batch: stepBatch, validations, metrics: Object.fromEntries(metrics) },
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
      state.metrics.clear()
      for (const [name, value] of Object.entries(metrics)) state.metrics.set(name, Number(value))
    }
    for (const [name, kept] of Object.entries(callbacks)) {
      const owner = this.callbacks.find((callback) => nameOf(callback) === name && callback.updateState)
      if (owner) await owner.updateState!(kept)
      else
        this.host.warn(
          `[core] the checkpoint has a state of callback "${name}", but no callback of that name has an updateState()`,
        )
    }
    this.#restored = true
  }

  async emit<E extends EventName>(event: E, ...detail: EventDetail<E>): Promise<void> {
    await this.#run.events.fire(event, ...detail)
  }

  #turn(): Promise<void> | undefined {
    const now = this.host.now()
    if (now >= this.#deadline) this.#stop ??= { reason: 'maxTime', detail: 'maxTime is over' }
    if (now - this.#lastTurn < turnEvery) return undefined
    return this.host.turn().then(() => void (this.#lastTurn = this.host.now()))
  }

  async #save(force = false): Promise<void> {
    if (!this.#checkpointer) return
    const checkpoint = await this.getState()
    if (!this.state.globalRank) await this.#checkpointer.save(checkpoint, this.state.epoch, force)
  }

  /** Goes through a data set once, as an action with its events. */
  async #pass<T>(
    action: Action,
    option: string,
    data: DataSource<B> | undefined,
    method: 'evalBatch' | 'predictBatch',
    visit: (result: WeightedOutputs) => Promise<unknown>,
    finish: () => T | Promise<T>,
  ): Promise<T> {
    const { module, tensors, progress, events } = this.#run
    checkData(option, data)
    if (!module[method]) fail(`the module has no ${method}(), which ${option} needs`)
    const compute: Compute<B> = (batch, context) => module[method]!(batch, context)
    return this.#act(action, async () => {
      const started = async (): Promise<void> => {
        if (this.#stop) fail(`${option} was stopped after ${progress.batch} batches: ${this.#stop.detail}`)
        await events.fire('onBatchStart')
      }
      const ended = async (result: WeightedOutputs): Promise<void> => {
        tensors.set(result.outputs)
        try {
          await visit(result)
          progress.batch += 1
          await events.fire('onBatchEnd')
        } finally {
          tensors.take()
        }
      }
      await onePass(this.#run, data!, compute, ended, started)
      return finish()
    })
  }

  /** Runs an action between its events; afterwards everybody whose `onActionStart` was entered has had an `onActionEnd`. */
  async #act<T>(action: Action, body: () => Promise<T>): Promise<T> {
    const { events, state, progress } = this.#run
    if (this.#running) fail('this trainer is running already; to evaluate while it trains, use `validate`')
    this.#running = true
    this.#stop = undefined
    this.#deadline = Infinity
    this.#lastTurn = this.host.now()
    state.action = action
    const ignoreSignals = this.host.onSignal((signal, exitCode) => {
      if (this.#stop?.reason === 'signal') return this.host.exit(exitCode)
      this.#stop = { reason: 'signal', detail: signal }
      this.host.setExitCode(exitCode)
    })
    const entered: Callback<string>[] = []
    const ended = new Set<Callback<string>>()
    const end = async (callback: Callback<string>): Promise<void> => {
      if (ended.has(callback)) return
      ended.add(callback)
      await events.fireOn(callback, 'onActionEnd')
    }
    try {
      await this.#load()
      // Evaluation counts its own batches; the position in the training data is put back afterwards.
      if (action !== 'train') progress.batch = 0
      for (const callback of this.callbacks) {
        entered.push(callback)
        await events.fireOn(callback, 'onActionStart')
      }
      const result = await body()
      for (const callback of entered) await end(callback)
      return result
    } catch (thrown) {
      const error: Error & { suppressed?: unknown[] } = toError(thrown)
      const tell = async (callback: Callback<string>): Promise<void> =>
        events.fireOn(callback, 'onException', error)
      for (const report of [tell, end])
        for (const callback of entered)
          await report(callback).catch((later: unknown) => (error.suppressed ??= []).push(later))
      // The others would wait for this rank for ever.
      if (this.strategy.worldSize > 1) this.strategy.abort(1, error.message)
      throw error
    } finally {
      progress.batch = progress.stepBatch
      this.#running = false
      ignoreSignals()
    }
  }

  /** Takes over what the checkpointer or the resume source has, once; then tells the callbacks where the run's files go and where it goes on. */
  async #load(): Promise<void> {
    if (!this.#loaded) {
      const found: [name: string, checkpoint: Checkpoint][] = []
      for (const source of [this.#checkpointer, this.resumeFrom]) {
        const checkpoint = await source?.load()
        if (checkpoint && Object.values(checkpoint).some((part) => part))
          found.push([source!.name ?? source!.constructor.name, checkpoint])
      }
      if (found.length > 1)
        fail(
          `both ${found.map(([name]) => name).join(' and ')} have a checkpoint to go on from; use only one of them`,
        )
      if (found[0]) await this.updateState(found[0][1])
      this.#loaded = true
    }
    if (this.logDirectory) for (const callback of this.callbacks) callback.useDirectory?.(this.logDirectory)
    if (this.#restored && this.state.action === 'train') {
      this.#restored = false
      await this.#run.events.fire('onResume')
    }
  }
}

/** Callbacks are objects, and those that keep a state need names of their own. */
function checkCallbacks(callbacks: readonly Callback<string>[]): void {
  if (!Array.isArray(callbacks)) fail('`callbacks` must be a list')
  const names = new Set<string>()
  for (const callback of callbacks) {
    if (typeof callback !== 'object' || !callback)
      fail('`callbacks` must hold objects; onStepEnd(fn) makes one of a function')
    const name = nameOf(callback)
    if (callback.getState && names.size === names.add(name).size)
      fail(`two callbacks that keep a state are called "${name}"; give each its own \`name\``)
  }
}
