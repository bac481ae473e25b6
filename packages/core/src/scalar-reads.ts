import { isPromise } from './awaitable.ts'
import { type Callback, nameOf } from './callback.ts'
import { fail } from './errors.ts'
import type { TrainingModule } from './module.ts'
import type { TrainerState } from './state.ts'
import type { Strategy } from './strategy.ts'
import { disposeOutputs, isScalar, type TensorLike, toHost } from './tensor.ts'
import type { CurrentTensors } from './training-state.ts'
import type { TensorRef } from './tensor-ref.ts'

/** One callback's wish: these names, at the steps it says. */
interface Reader {
  readonly callback: Callback<string>
  readonly names: readonly (string | TensorRef)[]
}

/** A number to read: the output it comes from, and the name under which `state.metrics` gets it. */
interface Wanted {
  readonly key: string
  readonly label: string
}

/** Reads scalars in one go; synchronously where the module can. */
export function readScalars(
  module: TrainingModule<never>,
  values: readonly TensorLike[],
): ArrayLike<number> | PromiseLike<ArrayLike<number>> {
  if (values.every((value) => typeof value === 'number')) return values
  return module.readScalars?.(values) ?? Promise.all(values.map(async (value) => Number((await toHost(value)).data[0])))
}

/**
 * Brings the numbers that somebody reads at a step into `state.metrics`, with one read for all of them: the mean over the step's batches, weighted
 * by their examples, and over ranks. Outputs that nobody reads cost nothing.
 */
export class ScalarReads {
  readonly #readers: readonly Reader[]
  readonly #module: TrainingModule<never>
  readonly #tensors: CurrentTensors
  readonly #strategy: Strategy
  /** The earlier batches of the step under way: only what may be read of them. */
  #held: { outputs: Record<string, TensorLike>; examples: number }[] = []
  /** What each reader wants; resolved when the first outputs tell their names. */
  #wanted: Wanted[][] | undefined

  constructor(
    callbacks: readonly Callback<string>[],
    module: TrainingModule<never>,
    tensors: CurrentTensors,
    strategy: Strategy,
  ) {
    this.#readers = callbacks
      .map((callback) => ({ callback, names: (callback.reads ?? []).filter((name) => !isValidationName(name)) }))
      .filter(({ names }) => names.length > 0)
    this.#module = module
    this.#tensors = tensors
    this.#strategy = strategy
  }

  /** Checks the names against the first outputs of the run, so that a wrong one fails at the first batch and not at the hundredth step. */
  resolve(outputs: Record<string, TensorLike>): void {
    this.#wanted ??= this.#readers.map(({ callback, names }) =>
      names.map((name) => {
        const key = this.#find(callback, name)
        if (!isScalar(outputs[key]!))
          fail(
            `callback "${nameOf(callback)}" reads "${key}", which is not a scalar but has shape [${String((outputs[key] as { shape: unknown }).shape)}]; use await state.tensors.read("${key}")`,
          )
        return { key, label: typeof name === 'string' ? name : name.name }
      }),
    )
  }

  #find(callback: Callback<string>, name: string | TensorRef): string {
    try {
      return this.#tensors.keyOf(name)
    } catch (cause) {
      return fail(`callback "${nameOf(callback)}" reads a tensor that is not there: ${(cause as Error).message}`, cause)
    }
  }

  /** Takes over the outputs of a batch that is not the last of its step: keeps what may be read, frees the rest. */
  hold(outputs: Record<string, TensorLike>, examples: number): void {
    const keep = new Set(this.#wanted!.flat().map(({ key }) => key))
    const entries = Object.entries(outputs)
    this.#held.push({ outputs: Object.fromEntries(entries.filter(([key]) => keep.has(key))), examples })
    disposeOutputs(Object.fromEntries(entries.filter(([key]) => !keep.has(key))))
  }

  /** Reads what is due after a step whose last batch gave `outputs`. */
  atStepEnd(state: TrainerState, outputs: Record<string, TensorLike>, examples: number): PromiseLike<void> | undefined {
    if (this.#readers.length === 0) return undefined
    const due: Wanted[] = []
    for (let i = 0; i < this.#readers.length; i++) {
      const { callback } = this.#readers[i]!
      if (callback.readsAt === undefined || callback.readsAt(state)) due.push(...this.#wanted![i]!)
    }
    if (due.length === 0) return undefined
    const keys = [...new Set(due.map(({ key }) => key))]
    const batches = [...this.#held, { outputs, examples }]
    const numbers = readScalars(
      this.#module,
      batches.flatMap((batch) => keys.map((key) => batch.outputs[key]!)),
    )
    const store = (means: ArrayLike<number>): void => {
      for (const { key, label } of due) state.metrics.set(label, means[keys.indexOf(key)]!)
    }
    const means = (values: ArrayLike<number>): ArrayLike<number> | PromiseLike<ArrayLike<number>> =>
      this.#means(
        values,
        batches.map((batch) => batch.examples),
        keys.length,
      )
    if (!isPromise(numbers)) {
      const result = means(numbers)
      if (!isPromise(result)) return void store(result)
      return result.then(store)
    }
    return numbers.then(means).then(store)
  }

  /** Averages rows of numbers, one row a batch, by weight. A lone number is passed on as it is: no rounding. */
  #means(
    values: ArrayLike<number>,
    weights: readonly number[],
    width: number,
  ): ArrayLike<number> | PromiseLike<ArrayLike<number>> {
    if (weights.length === 1 && this.#strategy.worldSize === 1) return values
    const sums = new Float64Array(width + 1)
    weights.forEach((weight, row) => {
      for (let i = 0; i < width; i++) sums[i]! += values[row * width + i]! * weight
      sums[width]! += weight
    })
    const divide = (): ArrayLike<number> => sums.subarray(0, width).map((sum) => sum / sums[width]!)
    const reduced = this.#strategy.allReduce(sums)
    return isPromise(reduced) ? reduced.then(divide) : divide()
  }

  /** Frees what is held of the step. */
  clear(): void {
    for (const { outputs } of this.#held) disposeOutputs(outputs)
    this.#held = []
  }
}

/** Tells a name that validation fills, not a training step. */
export function isValidationName(name: string | TensorRef): name is `val_${string}` {
  return typeof name === 'string' && name.startsWith('val_')
}
