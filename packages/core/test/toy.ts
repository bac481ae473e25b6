import {
  type Awaitable,
  type BatchContext,
  type BatchResult,
  type EventName,
  type Host,
  type ModuleState,
  type Optimizer,
  type StepContext,
  type StepResult,
  type TensorHandle,
  type TensorLike,
  type TensorRef,
  TensorRefs,
  type TrainingModule,
} from '../src/index.ts'

/** Examples of y = w·x with one weight. */
export interface ToyBatch {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

export type ToyOutputs = { loss: TensorLike; predictions: TensorHandle; accuracy: TensorLike }

/** A tensor that knows how often it was read and freed. */
export class ToyTensor implements TensorHandle {
  static live = 0
  static reads = 0
  readonly shape: readonly number[]
  readonly #values: Float64Array
  freed = false

  constructor(shape: readonly number[], values: readonly number[]) {
    this.shape = shape
    this.#values = Float64Array.from(values)
    ToyTensor.live++
  }

  data(): Float64Array {
    if (this.freed) throw new Error('read after it was freed')
    ToyTensor.reads++
    return this.#values
  }

  dispose(): void {
    if (this.freed) throw new Error('freed twice')
    this.freed = true
    ToyTensor.live--
  }
}

export interface ToyOptions {
  /** Whether its methods return promises. */
  async?: boolean
  /** What a batch's loss is replaced by. */
  loss?: (context: BatchContext) => TensorLike | undefined
  /** Runs in each `trainBatch`. */
  work?: () => void
}

/** Linear regression with momentum in plain numbers: exact, tiny, and a real module in every respect. */
export class ToyModule implements TrainingModule<ToyBatch, ToyOutputs> {
  weight = 0
  velocity = 0
  readonly optimizer: Optimizer = { name: 'momentum', learningRate: 0.05 }
  readonly optimizers: readonly Optimizer[] = [this.optimizer]
  readonly #refs = new TensorRefs()
  readonly #options: ToyOptions
  #gradient = 0
  #bad = false

  constructor(options: ToyOptions = {}) {
    this.#options = options
  }

  tensor<K extends keyof ToyOutputs>(name: K): TensorRef<ToyOutputs[K]> {
    return this.#refs.get(name)
  }

  trainBatch({ x, y }: ToyBatch, context: BatchContext): Awaitable<BatchResult<ToyOutputs>> {
    this.#options.work?.()
    const result = this.#forward({ x, y }, context)
    // The sum over examples; `optimizerStep` divides.
    for (const [i, value] of x.entries()) this.#gradient += 2 * (this.weight * value - y[i]!) * value
    return this.#options.async ? Promise.resolve(result) : result
  }

  evalBatch(batch: ToyBatch, context: BatchContext): Awaitable<BatchResult<ToyOutputs>> {
    return this.#forward(batch, context)
  }

  predictBatch(batch: ToyBatch, context: BatchContext): Awaitable<BatchResult<Partial<ToyOutputs>>> {
    return this.#forward(batch, context)
  }

  #forward({ x, y }: ToyBatch, context: BatchContext): BatchResult<ToyOutputs> {
    const predictions = x.map((value) => this.weight * value)
    const mean = predictions.reduce((sum, p, i) => sum + (p - y[i]!) ** 2, 0) / x.length
    const loss = this.#options.loss?.(context) ?? new ToyTensor([], [mean])
    if (typeof loss === 'number') this.#bad ||= !Number.isFinite(loss)
    const near = predictions.filter((p, i) => Math.abs(p - y[i]!) < 0.5).length
    const outputs = { loss, predictions: new ToyTensor([x.length], predictions), accuracy: near / x.length }
    return { outputs, examples: x.length }
  }

  optimizerStep({ examples, stop, nonFinite, strategy }: StepContext): Awaitable<StepResult> {
    const buffer = Float64Array.of(this.#gradient, examples, Number(stop), Number(this.#bad))
    this.#gradient = 0
    this.#bad = false
    const apply = (): StepResult => {
      const [gradient, total, stops, bad] = buffer as unknown as [number, number, number, number]
      if (bad === 0 || nonFinite === 'apply') {
        this.velocity = 0.9 * this.velocity + gradient / total
        this.weight -= this.optimizer.learningRate * this.velocity
      }
      return { stop: stops > 0, nonFinite: bad > 0 }
    }
    if (strategy.worldSize > 1 || this.#options.async)
      return Promise.resolve(strategy.allReduce(buffer)).then(apply)
    return apply()
  }

  dropGradients(): void {
    this.#gradient = 0
    this.#bad = false
  }

  getState(): ModuleState {
    return { weights: Float64Array.of(this.weight, this.velocity) }
  }

  updateState(state: ModuleState): void {
    const [weight, velocity] = state['weights'] as unknown as [number, number]
    this.weight = weight
    this.velocity = velocity
  }
}

/** Batches of the given sizes; values differ from batch to batch. */
export function batches(...sizes: number[]): ToyBatch[] {
  return sizes.map((size, batch) => {
    const x = Array.from({ length: size }, (_, i) => 1 + ((batch * 7 + i * 3) % 5) / 4)
    return { x, y: x.map((value) => 3 * value) }
  })
}

export const eventNames: readonly EventName[] = [
  'onResume',
  'onActionStart',
  'onEpochStart',
  'onStepStart',
  'onBatchStart',
  'onBatchEnd',
  'onStepEnd',
  'onValidationStart',
  'onValidationEnd',
  'onSavePoint',
  'onEpochEnd',
  'onCheckpoint',
  'onException',
  'onActionEnd',
]

/** A host whose clock stands still until it is turned, and whose signals come when a test says so. */
export class FakeHost implements Host {
  time = 0
  turns = 0
  exitCode: number | undefined
  exited: number | undefined
  readonly lines: string[] = []
  readonly warnings: string[] = []
  readonly #listeners = new Set<(signal: string, exitCode: number) => void>()

  now(): number {
    return this.time
  }

  async turn(): Promise<void> {
    this.turns++
  }

  print(line: string): void {
    this.lines.push(line)
  }

  warn(line: string): void {
    this.warnings.push(line)
  }

  onSignal(listener: (signal: string, exitCode: number) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Sends a signal; gives how many listened. */
  signal(name: string, exitCode: number): number {
    for (const listener of this.#listeners) listener(name, exitCode)
    return this.#listeners.size
  }

  setExitCode(code: number): void {
    this.exitCode = code
  }

  exit(code: number): void {
    this.exited = code
  }
}

/** A callback that writes down every event, with the counters at that moment. */
export function recorder(
  log: string[],
  show: (event: EventName, state: { step: number; epoch: number; batch: number }) => string = (event) =>
    event,
): object {
  return Object.fromEntries(
    eventNames.map((event) => [
      event,
      (state: { step: number; epoch: number; batch: number }) => void log.push(show(event, state)),
    ]),
  )
}
