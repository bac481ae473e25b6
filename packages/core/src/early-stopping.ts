import { Callback } from './callback.ts'
import { fail } from './errors.ts'
import { oneOf, wholeNumber } from './options.ts'
import type { TrainerState } from './state.ts'
import type { TensorRef } from './tensor-ref.ts'
import { isValidationName } from './scalar-reads.ts'

export interface EarlyStoppingOptions<Monitor extends string | TensorRef> {
  /** What to watch, by name or reference. Default: `val_loss`. */
  monitor?: Monitor
  /** Whether less is better or more. Default: `min`. */
  mode?: 'min' | 'max'
  /** Stops after so many checks in a row without improvement, as in Keras and Lightning. Default: 3. */
  patience?: number
  /** By how much a value must be better to count as an improvement. Default: 0. */
  minDelta?: number
  /** Stops as soon as the value is this good. */
  threshold?: number
  /** Default: `EarlyStopping(<monitor>)`. */
  name?: string
}

/**
 * Stops a run that no longer improves. A `val_*` value is looked at after each validation, any other after each epoch, as the epoch's last step gave it.
 * NaN is no improvement. What it remembers survives a resume.
 */
export class EarlyStopping<const Monitor extends string | TensorRef = 'val_loss'> extends Callback<
  Extract<NoInfer<Monitor>, string>
> {
  override readonly name: string
  override readonly reads: readonly (Extract<NoInfer<Monitor>, string> | TensorRef)[]
  /** The best value so far. */
  best: number | undefined
  /** Checks without improvement since then. */
  waited = 0
  readonly #monitor: string | TensorRef
  readonly #sign: number
  readonly #patience: number
  readonly #minDelta: number
  readonly #threshold: number | undefined

  constructor(options: EarlyStoppingOptions<Monitor> = {}) {
    super()
    const { monitor = 'val_loss', mode = 'min', patience = 3, minDelta = 0, threshold } = options
    oneOf('EarlyStopping mode', mode, ['min', 'max'])
    wholeNumber('EarlyStopping patience', patience, 1)
    if (!(minDelta >= 0)) fail(`\`EarlyStopping minDelta\` must be a number of at least 0, not ${minDelta}`)
    if (Number.isNaN(threshold)) fail('`EarlyStopping threshold` must be a number, not NaN')
    this.#monitor = monitor
    this.reads = [monitor as Extract<NoInfer<Monitor>, string> | TensorRef]
    this.name = options.name ?? `EarlyStopping(${this.#label()})`
    this.#sign = mode === 'min' ? 1 : -1
    this.#patience = patience
    this.#minDelta = minDelta
    this.#threshold = threshold
  }

  override readsAt(state: TrainerState): boolean {
    return state.isLastBatch
  }

  override onActionStart(state: TrainerState): void {
    // A run that was stopped here has nothing more to do after a resume.
    if (state.action === 'train') this.#judge(state)
  }

  override onValidationEnd(state: TrainerState): void {
    if (isValidationName(this.#label())) this.#check(state)
  }

  override onEpochEnd(state: TrainerState): void {
    if (!isValidationName(this.#label())) this.#check(state)
  }

  override getState(): { best: string | null; waited: number } {
    // As text, for JSON has no Infinity.
    return { best: this.best === undefined ? null : String(this.best), waited: this.waited }
  }

  override updateState({ best, waited }: { best: string | null; waited: number }): void {
    this.best = best === null ? undefined : Number(best)
    this.waited = waited
  }

  #label(): string {
    return typeof this.#monitor === 'string' ? this.#monitor : this.#monitor.name
  }

  #check(state: TrainerState): void {
    const value = state.metrics.get(this.#label())
    if (value === undefined)
      return fail(
        `${this.name} finds no metric "${this.#label()}"; there are: ${[...state.metrics.keys()].join(', ')}`,
      )
    const isFirst = this.best === undefined && !Number.isNaN(value)
    if (isFirst || this.#sign * (this.best! - value) > this.#minDelta) {
      this.best = value
      this.waited = 0
    } else this.waited++
    this.#judge(state)
  }

  #judge(state: TrainerState): void {
    const { best, waited } = this
    if (best !== undefined && this.#threshold !== undefined && this.#sign * (best - this.#threshold) <= 0)
      state.requestStop(`${this.#label()} reached ${best}`)
    else if (waited >= this.#patience)
      state.requestStop(`${this.#label()} has not improved on ${best} in ${waited} checks`)
  }
}
