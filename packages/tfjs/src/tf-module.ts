import * as tf from '@tensorflow/tfjs'
import {
  type Awaitable,
  type BatchContext,
  type BatchResult,
  isPromise,
  type ModuleState,
  type StateRecord,
  type StepContext,
  type StepResult,
  type TensorLike,
  type TensorRef,
  TensorRefs,
  type TrainingModule,
} from '@trainyard/core'
import { readsSynchronously } from './backend.ts'
import { GradientSum, type ReducedGradients } from './gradient-sum.ts'
import { LeakWatch } from './leak-watch.ts'
import { fromTfOptimizer } from './optimizers/tf-optimizer.ts'
import { Optimizer } from './optimizers/optimizer.ts'
import { type RandomKey, withRandom } from './random.ts'
import { StepScalars } from './step-scalars.ts'
import { type TensorsOf, toTensors } from './tensor-input.ts'
import { UntrainedVariables } from './untrained-variables.ts'
import { checkVariables, readVariables, writeVariables } from './variable-state.ts'
import { fail } from './errors.ts'

/** The outputs of a module: tensors by name, `loss` among them. */
export interface TfOutputs {
  loss: tf.Scalar
}

/** What the user's function is told. */
export interface ForwardContext {
  /** True in training, false in validation and prediction: dropout and batch norm go by it. */
  readonly training: boolean
}

/** An optimizer, the variables that it updates, and the loss that it lowers. */
export interface ParameterGroup {
  readonly optimizer: Optimizer | tf.Optimizer
  /** Which variables, by name. Default: all. */
  readonly variables?: (name: string) => boolean
  /** The name of the output that it lowers. Default: `loss`. Each different one costs a forward pass of its own. */
  readonly loss?: string
}

export interface TfModuleOptions<Batch, O extends TfOutputs> {
  /** Everything that is trained or kept, under the names that checkpoints use. */
  variables: Readonly<Record<string, tf.Variable>>
  /** Computes the outputs of a batch; runs inside `tf.tidy`, so intermediate tensors are freed. */
  forward: (batch: TensorsOf<Batch>, context: ForwardContext) => O
  /** Which variables are trained now; asked at every batch. Default: those whose `trainable` is true. */
  trainable?: () => ReadonlySet<tf.Variable>
  /** Updates all variables to lower `loss`. */
  optimizer?: Optimizer | tf.Optimizer
  /** Several optimizers, each with its variables and its loss. */
  optimizers?: readonly ParameterGroup[]
  /** Keys everything random in a batch, together with step, batch and rank. Default: 0. */
  seed?: number
  /** How many examples a batch holds. Default: the first dimension of its first tensor. */
  examples?: (batch: TensorsOf<Batch>) => number
}

interface Group {
  readonly optimizer: Optimizer
  readonly loss: string
  readonly owns: (name: string) => boolean
}

/** A module of TensorFlow.js variables and a function over them; see `functionModule` and `layersModule`. */
export class TfModule<Batch, O extends TfOutputs> implements TrainingModule<Batch, O> {
  readonly variables: ReadonlyMap<string, tf.Variable>
  readonly optimizers: readonly Optimizer[]
  readonly #groups: readonly Group[]
  readonly #losses: readonly string[]
  readonly #nameOf: ReadonlyMap<string, string>
  readonly #options: TfModuleOptions<Batch, O>
  readonly #seed: number
  readonly #refs = new TensorRefs()
  readonly #gradients = new GradientSum()
  readonly #statistics = new UntrainedVariables()
  readonly #leaks = new LeakWatch()
  readonly #watchers = new Set<(gradients: ReadonlyMap<string, tf.Tensor>) => void>()
  readonly #scalars = new StepScalars()
  /** Whether this is the only rank; not known before the first step. */
  #isAlone = false
  #nonFinite = false

  constructor(options: TfModuleOptions<Batch, O>) {
    const { variables, forward, seed = 0 } = options
    if (typeof forward !== 'function') fail('`forward` must be a function from a batch to its outputs')
    if (!Number.isSafeInteger(seed)) fail(`\`seed\` must be a whole number, not ${String(seed)}`)
    this.variables = new Map(Object.entries(variables))
    for (const [name, variable] of this.variables)
      if (!(variable instanceof tf.Variable))
        fail(`\`variables.${name}\` must be a tf.Variable; make one with tf.variable(tensor)`)
    this.#options = options
    this.#seed = seed
    this.#groups = groupsOf(options)
    this.optimizers = this.#groups.map(({ optimizer }) => optimizer)
    this.#losses = [...new Set(this.#groups.map(({ loss }) => loss))]
    this.#nameOf = new Map([...this.variables].map(([name, variable]) => [variable.name, name]))
  }

  tensor<K extends keyof O & string>(name: K): TensorRef<O[K]> {
    return this.#refs.get(name)
  }

  trainBatch(batch: Batch, { step, epoch, batch: index, rank }: BatchContext): BatchResult<O> {
    this.#leaks.epochStarts(epoch)
    return this.#withBatch(batch, { step, batch: index, rank }, (tensors, examples) => {
      const before = newestTensor()
      const trainable = this.#trainable()
      this.#statistics.open(this.variables, trainable)
      const gradients = new Map<string, tf.Tensor>()
      let outputs: O | undefined
      try {
        for (const loss of this.#losses) {
          const variables = [...trainable]
            .filter(([name]) => this.#lossOf(name) === loss)
            .map(([, variable]) => variable)
          if (variables.length === 0)
            fail(`no variable is trained to lower "${loss}": all of them are frozen`)
          const { value, grads } = tf.variableGrads(() => {
            const all = this.#options.forward(tensors, { training: true })
            const lowered = scalarLoss(all, loss)
            outputs ??= keepOutputs(all, before)
            return lowered
          }, variables)
          if (!(Object.values(outputs!) as unknown[]).includes(value)) value.dispose()
          for (const [name, gradient] of Object.entries(grads))
            gradients.set(this.#nameOf.get(name)!, gradient)
        }
      } catch (error) {
        tf.dispose([outputs ?? {}, [...gradients.values()]] as tf.TensorContainer)
        throw error
      }
      // A read costs nothing on the host's own backends; elsewhere the core looks whenever the loss is read anyway.
      if (readsSynchronously() && !Number.isFinite(outputs!.loss.dataSync()[0])) this.#nonFinite = true
      this.#gradients.add(gradients, examples)
      if (!this.#isAlone) this.#scalars.add(outputs!, examples)
      return outputs!
    })
  }

  optimizerStep(context: StepContext): Awaitable<StepResult> {
    const trainable = this.#trainable()
    const nonFinite = this.#nonFinite
    this.#nonFinite = false
    this.#isAlone = context.strategy.worldSize === 1
    if (this.#isAlone) this.#scalars.clear()
    const scalars = this.#scalars.take((values) => this.readScalars(values))
    const statistics = this.#statistics.changed()
    const reduced = this.#gradients.reduce(trainable, statistics, context, nonFinite, scalars)
    const apply = (all: ReducedGradients): StepResult =>
      withRandom({ seed: this.#seed, step: context.step, batch: -1 }, () =>
        this.#apply(all, trainable, context),
      )
    return isPromise(reduced) ? reduced.then(apply) : apply(reduced)
  }

  #apply(
    { gradients, statistics, stop, nonFinite, means }: ReducedGradients,
    trainable: ReadonlyMap<string, tf.Variable>,
    { nonFinite: policy }: StepContext,
  ): StepResult {
    try {
      for (const watcher of this.#watchers) watcher(gradients)
      const refused = policy !== 'apply' && (nonFinite || !areFinite(gradients.values()))
      if (!refused)
        for (const { optimizer, owns } of this.#groups)
          optimizer.apply(only(gradients, owns), only(trainable, owns))
      if (!refused) for (const [name, mean] of statistics) this.variables.get(name)!.assign(mean)
      this.#statistics.close(refused)
      return { stop, nonFinite: nonFinite || refused, means }
    } finally {
      tf.dispose([...gradients.values(), ...statistics.values()])
    }
  }

  /**
   * Shows the averaged gradients of each update, before they are clipped, until the returned function is called. They are freed when the watcher returns.
   */
  watchGradients(watcher: (gradients: ReadonlyMap<string, tf.Tensor>) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  dropGradients(): void {
    this.#gradients.clear()
    this.#scalars.clear()
    this.#statistics.close(true)
    this.#nonFinite = false
  }

  evalBatch(batch: Batch, context: BatchContext): BatchResult<O> {
    return this.#forward(batch, context, true)
  }

  predictBatch(batch: Batch, context: BatchContext): BatchResult<Partial<O>> {
    return this.#forward(batch, context, false)
  }

  #forward(batch: Batch, { step, batch: index, rank }: BatchContext, needsLoss: boolean): BatchResult<O> {
    return this.#withBatch(batch, { step, batch: index, rank }, (tensors) => {
      const before = newestTensor()
      let outputs: O | undefined
      tf.tidy(() => {
        const all = this.#options.forward(tensors, { training: false })
        if (needsLoss) scalarLoss(all, 'loss')
        outputs = keepOutputs(all, before)
      })
      return outputs!
    })
  }

  /** Computes with a batch's tensors, which are freed afterwards, and with keyed random numbers. */
  #withBatch(
    batch: Batch,
    key: Omit<RandomKey, 'seed'>,
    compute: (tensors: TensorsOf<Batch>, examples: number) => O,
  ): BatchResult<O> {
    const { tensors, made } = toTensors(batch)
    try {
      const examples = this.#examplesIn(tensors)
      if (!(examples > 0)) fail(`the batch is empty: it has ${examples} examples`)
      return { outputs: withRandom({ seed: this.#seed, ...key }, () => compute(tensors, examples)), examples }
    } finally {
      tf.dispose(made)
    }
  }

  readScalars(values: readonly TensorLike[]): Awaitable<ArrayLike<number>> {
    const scalars = values as readonly tf.Tensor[]
    if (readsSynchronously()) return scalars.map((scalar) => scalar.dataSync()[0]!)
    const stacked = tf.tidy(() => tf.stack(scalars.map((scalar) => tf.cast(scalar, 'float32'))))
    return stacked.data().finally(() => stacked.dispose())
  }

  wrapHandler(
    handler: (...args: never[]) => unknown,
    owner: Parameters<LeakWatch['watch']>[1],
  ): (...args: never[]) => unknown {
    return this.#leaks.watch(handler, owner)
  }

  /** Gives `{ weights: { <name>: { shape, data } }, optimizers: [...] }`, copied to the host. */
  async getState(): Promise<ModuleState> {
    return {
      weights: await readVariables(this.variables),
      optimizers: await Promise.all(this.optimizers.map((optimizer) => optimizer.getState())),
    }
  }

  /**
   * Takes over weights and optimizers.
   * @throws if names, shapes or the number of optimizers differ; nothing is changed then.
   */
  async updateState(state: ModuleState): Promise<void> {
    const { weights, optimizers } = state
    if (weights === undefined && optimizers === undefined)
      fail(
        `the state is not one of this module: it has neither \`weights\` nor \`optimizers\` but ${Object.keys(state).join(', ') || 'nothing'}`,
      )
    if (
      optimizers !== undefined &&
      (!Array.isArray(optimizers) || optimizers.length !== this.optimizers.length)
    )
      fail(
        `the state has ${Array.isArray(optimizers) ? optimizers.length : 'no list of'} optimizers, the module ${this.optimizers.length}`,
      )
    if (weights !== undefined) checkVariables(this.variables, weights as StateRecord)
    for (const [i, own] of ((optimizers ?? []) as readonly StateRecord[]).entries())
      this.optimizers[i]!.updateState(own)
    this.dropGradients()
    if (weights !== undefined) writeVariables(this.variables, weights as StateRecord)
  }

  /** Frees the optimizers' slots; the variables stay the caller's. */
  dispose(): void {
    this.dropGradients()
    for (const optimizer of this.optimizers) optimizer.dispose()
  }

  #trainable(): Map<string, tf.Variable> {
    const chosen = this.#options.trainable?.()
    const isTrained = (name: string, variable: tf.Variable): boolean =>
      (chosen ? chosen.has(variable) : variable.trainable) && this.#lossOf(name) !== undefined
    return new Map([...this.variables].filter(([name, variable]) => isTrained(name, variable)))
  }

  #lossOf(name: string): string | undefined {
    return this.#groups.find(({ owns }) => owns(name))?.loss
  }

  #examplesIn(tensors: TensorsOf<Batch>): number {
    if (this.#options.examples) return this.#options.examples(tensors)
    const first =
      tensors instanceof tf.Tensor ? tensors : (Object.values(tensors)[0] as tf.Tensor | undefined)
    return first?.shape[0] ?? 1
  }
}

function groupsOf({
  optimizer,
  optimizers,
  variables,
}: Pick<TfModuleOptions<never, never>, 'optimizer' | 'optimizers' | 'variables'>): Group[] {
  if ((optimizer === undefined) === (optimizers === undefined))
    fail('pass either `optimizer`, or `optimizers: [{ optimizer, variables, loss }]`')
  const groups = (optimizers ?? [{ optimizer: optimizer! }]).map(
    ({ optimizer: given, loss = 'loss', variables: owns = () => true }, i) => {
      if (!(given instanceof Optimizer) && !(given instanceof tf.Optimizer))
        fail(
          `an optimizer must be made by adam({ learningRate: 1e-3 }), sgd() or the like, or be a tf.Optimizer, not ${String(given)}`,
        )
      if (!Object.keys(variables).some((name) => owns(name)))
        fail(
          `\`optimizers[${i}]\` has no variable to update; there are: ${Object.keys(variables).join(', ')}`,
        )
      return { optimizer: given instanceof Optimizer ? given : fromTfOptimizer(given), loss, owns }
    },
  )
  for (const name of Object.keys(variables)) {
    const owners = groups.filter(({ owns }) => owns(name)).length
    if (owners > 1)
      fail(`variable "${name}" belongs to ${owners} of the \`optimizers\`; let only one update it`)
  }
  return groups
}

function scalarLoss(outputs: object, name: string): tf.Scalar {
  const loss = (outputs as Record<string, unknown>)?.[name]
  if (!(loss instanceof tf.Tensor))
    fail(`\`forward\` gives no tensor "${name}", only: ${Object.keys(outputs ?? {}).join(', ')}`)
  if (loss.rank !== 0)
    fail(`the loss "${name}" must be a scalar, but has shape [${String(loss.shape)}]; take tf.mean() of it`)
  return loss as tf.Scalar
}

/** The id of a tensor made now: every later one has a higher id. */
function newestTensor(): number {
  const probe = tf.scalar(0)
  probe.dispose()
  return probe.id
}

/**
 * Lets the outputs outlive the computation. The loop frees every output once, so one that was there `before` (of the batch, a variable, a constant of the
 * user's) or stands twice is cloned, which copies no data.
 */
function keepOutputs<O extends object>(outputs: O, before: number): O {
  const entries = Object.entries(outputs as Record<string, tf.Tensor>)
  for (const [name, tensor] of entries)
    if (!(tensor instanceof tf.Tensor))
      fail(`output "${name}" of \`forward\` is not a tensor, but ${String(tensor)}`)
  const taken = new Set<tf.Tensor>()
  const kept = entries.map(([name, tensor]) => {
    const own = tensor.id > before && !taken.has(tensor)
    taken.add(tensor)
    return [name, tf.keep(own ? tensor : tf.clone(tensor))]
  })
  return Object.fromEntries(kept) as O
}

/** Looks at the sum of each gradient, where reading one costs nothing: a finite loss may have a gradient that is not (the root of 0). */
function areFinite(gradients: Iterable<tf.Tensor>): boolean {
  if (!readsSynchronously()) return true
  return tf.tidy(() => [...gradients].every((gradient) => Number.isFinite(tf.sum(gradient).dataSync()[0])))
}

function only<T>(map: ReadonlyMap<string, T>, owns: (name: string) => boolean): Map<string, T> {
  return new Map([...map].filter(([name]) => owns(name)))
}
