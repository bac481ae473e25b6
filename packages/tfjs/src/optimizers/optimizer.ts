import * as tf from '@tensorflow/tfjs'
import type { Optimizer as CoreOptimizer, StateRecord } from '@trainyard/core'
import { checkClipping, type Clipping, clipping, type ClippingOptions } from '../clipping.ts'
import type { Schedule } from '../schedules.ts'
import { LearningRate } from './learning-rate.ts'
import { fail } from '../errors.ts'

export interface OptimizerOptions extends ClippingOptions {
  /** The rate, or the rate as a function of the number of updates done. */
  learningRate: number | Schedule
  /** What the optimizer is called in messages and logs. Default: its kind, such as `adam`. */
  name?: string
}

/** What an optimizer is asked to do in one update. */
export interface Update {
  /** By variable name; as they came, so use `clipping`. */
  readonly gradients: ReadonlyMap<string, tf.Tensor>
  /** By variable name; every gradient has its variable, of the same shape. */
  readonly variables: ReadonlyMap<string, tf.Variable>
  readonly learningRate: number
  /** Updates done before this one. */
  readonly step: number
  readonly clipping: Clipping
}

/**
 * Changes variables by their gradients. This base has what all optimizers share: the learning rate, the
 * counting, the clipping and the outer part of the state; a subclass does the update and keeps the slots, by
 * variable name.
 */
export abstract class Optimizer implements CoreOptimizer {
  readonly name: string
  readonly #kind: string
  readonly #clipping: ClippingOptions
  readonly #learningRate: LearningRate
  #iterations: number
  #lastGradientNorm: tf.Scalar | undefined
  #disposed = false

  /** `kind` tells its states from those of other optimizers; `iterations` are the updates done already. */
  constructor(
    kind: string,
    { learningRate, clipNorm, clipValue, name = kind }: OptimizerOptions,
    iterations = 0,
  ) {
    this.name = name
    this.#kind = kind
    this.#iterations = iterations
    this.#learningRate = new LearningRate(kind, learningRate)
    this.#clipping = {
      ...(clipNorm !== undefined && { clipNorm }),
      ...(clipValue !== undefined && { clipValue }),
    }
    checkClipping(kind, this.#clipping)
  }

  /**
   * The rate of the last update, or the one set since; before any, that of the first update. For what setting
   * does to a schedule see `LearningRate`.
   */
  get learningRate(): number {
    return this.#learningRate.current
  }

  set learningRate(rate: number) {
    this.#learningRate.set(rate, Math.max(this.#iterations - 1, 0))
  }

  /** Updates done. */
  get iterations(): number {
    return this.#iterations
  }

  /**
   * The global norm of the last update's gradients before clipping, or undefined without `clipNorm`. A scalar
   * on the device, which the optimizer frees at its next update. If it is not finite, neither are the
   * gradients, and the update went wrong.
   */
  get lastGradientNorm(): tf.Scalar | undefined {
    return this.#lastGradientNorm
  }

  /**
   * Applies one update. Gradients and variables are keyed by the variable's name; a variable without gradient
   * is left as it is. The gradients stay the caller's.
   * @throws if a gradient has no variable, or a shape differs; nothing is changed then.
   */
  apply(gradients: ReadonlyMap<string, tf.Tensor>, variables: ReadonlyMap<string, tf.Variable>): void {
    if (this.#disposed) fail(`optimizer "${this.name}" is disposed; make a new one`)
    this.#check(gradients, variables)
    const step = this.#iterations
    const learningRate = this.#learningRate.at(step)
    tf.tidy(() => {
      const prepared = clipping(gradients.values(), this.#clipping)
      this.update({ gradients, variables, learningRate, step, clipping: prepared })
      this.#lastGradientNorm?.dispose()
      this.#lastGradientNorm = prepared.norm && tf.keep(prepared.norm)
    })
    this.#learningRate.used(learningRate)
    this.#iterations++
  }

  /**
   * Gives copies on the host: the updates done, what was set of the learning rate, and
   * `slots: { <variable>: { <slot>: { shape, data } } }`.
   */
  async getState(): Promise<StateRecord> {
    // Evaluated before the first wait, so that all of it is of the same update.
    const counters = {
      kind: this.#kind,
      iterations: this.#iterations,
      learningRate: this.#learningRate.getState(),
    }
    return { ...counters, ...(await this.readSlots()) }
  }

  /**
   * Takes over what `getState` gave, bit for bit. Slots of variables that do not exist, or not yet, are kept
   * and saved again.
   * @throws if the state is of another kind of optimizer or damaged, naming the variable; nothing is changed
   * then.
   */
  updateState(state: StateRecord): void {
    if (this.#disposed) fail(`optimizer "${this.name}" is disposed; make a new one`)
    const { kind, iterations } = state
    if (kind !== this.#kind)
      fail(
        `the state is of optimizer "${String(kind)}", which "${this.name}" (${this.#kind}) ` +
          'cannot take over; resume with the same optimizer',
      )
    if (!Number.isSafeInteger(iterations) || (iterations as number) < 0)
      fail(
        `the state of "${this.name}" has no valid \`iterations\`: ${String(iterations)}; ` +
          'it must be one that getState() gave',
      )
    const updateLearningRate = this.#learningRate.prepareUpdate(state['learningRate'])
    this.writeSlots(state)
    updateLearningRate()
    this.#iterations = iterations as number
  }

  /** Frees everything; the optimizer cannot be used any more. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#lastGradientNorm?.dispose()
    this.#lastGradientNorm = undefined
    this.disposeSlots()
  }

  /** Changes the variables. Runs inside `tf.tidy`; what is to stay has to be kept. */
  protected abstract update(update: Update): void

  /** Gives `{ slots }`, and what else has to be saved. */
  protected abstract readSlots(): Promise<StateRecord>

  /** Takes over what `readSlots` gave; checks all of it before changing anything. */
  protected abstract writeSlots(state: StateRecord): void

  protected abstract disposeSlots(): void

  #check(gradients: ReadonlyMap<string, tf.Tensor>, variables: ReadonlyMap<string, tf.Variable>): void {
    for (const [name, gradient] of gradients) {
      const variable = variables.get(name)
      if (!variable)
        fail(
          `"${this.name}" got a gradient for "${name}", but no such variable; ` +
            'pass the variables that the gradients are of',
        )
      const { shape } = variable
      if (!tf.util.arraysEqual(gradient.shape, shape))
        fail(
          `the gradient of "${name}" has shape [${String(gradient.shape)}], the variable [${String(shape)}]`,
        )
    }
  }
}
