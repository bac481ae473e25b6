import { Callback } from './callback.ts'
import { fail } from './errors.ts'
import { check, oneOf, wholeNumber } from './options.ts'
import type { TrainerState } from './state.ts'
import { nameOfRef, type TensorRef } from './tensor-ref.ts'
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
  readonly #sign: number
  readonly #patience: number
  readonly #minDelta: number
  readonly #threshold: number | undefined

  constructor({
    monitor = 'val_loss' as Monitor,
    mode = 'min',
    patience = 3,
    minDelta = 0,
    threshold,
    name = `EarlyStopping(${nameOfRef(monitor)})`,
  }: EarlyStoppingOptions<Monitor> = {}) {
    super()
    oneOf('EarlyStopping mode', mode, ['min', 'max'])
    wholeNumber('EarlyStopping patience', patience, 1)
    check(minDelta >= 0, 'EarlyStopping minDelta', 'a number of at least 0', minDelta)
    check(!Number.isNaN(threshold), 'EarlyStopping threshold', 'a number', threshold)
    this.name = name
    this.reads = [monitor as Extract<NoInfer<Monitor>, string> | TensorRef]
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
    this.#check(state, true)
  }

  override onEpochEnd(state: TrainerState): void {
    this.#check(state, false)
  }

  override getState(): { best: string | null; waited: number } {
    // As text, for JSON has no Infinity.
    return { best: this.best?.toString() ?? null, waited: this.waited }
  }

  override updateState({ best, waited }: { best: string | null; waited: number }): void {
    this.best = best === null ? undefined : Number(best)
    this.waited = waited
  }

  /** The name under which `state.metrics` has the value. */
  get #metric(): string {
    return nameOfRef(this.reads[0]!)
  }

  #check(state: TrainerState, isValidation: boolean): void {
    const metric = this.#metric
    if (isValidationName(metric) !== isValidation) return
    const value = state.metrics.get(metric)
    if (value === undefined)
      return fail(
        `${this.name} finds no metric "${metric}"; there are: ${[...state.metrics.keys()].join(', ')}`,
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
    // Where there is no value or no threshold yet, the difference is NaN, which is not below 0 either.
    if (this.#sign * (best! - this.#threshold!) <= 0) state.requestStop(`${this.#metric} reached ${best}`)
    else if (waited >= this.#patience)
      state.requestStop(`${this.#metric} has not improved on ${best} in ${waited} checks`)
  }
}
