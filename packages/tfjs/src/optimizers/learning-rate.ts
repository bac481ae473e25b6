import type { StateRecord, StateTree } from '@trainyard/core'
import type { Schedule } from '../schedules.ts'
import { fail } from '../errors.ts'
import { notNegative } from './options.ts'

const usual = 'pass a number like 0.001, or a schedule such as cosine({ rate, steps })'

/**
 * The learning rate of an optimizer: a number or a schedule as the program gave it, and what was set during
 * the run.
 *
 * Setting it replaces a number. A schedule keeps its shape: it is multiplied from then on by the factor that
 * gives the last update (before any: the first one) the rate that was set. So halving the rate halves all
 * later ones, and setting what one has read changes nothing.
 *
 * What was set is kept in the state; the number or the schedule itself is not, so a program that is resumed
 * with another one goes on with that.
 */
export class LearningRate {
  readonly #owner: string
  readonly #given: number | Schedule
  /** What was set in place of a number. */
  #replaced: number | undefined
  /** What a schedule is multiplied by. */
  #scale = 1
  /** The rate of the last update, or the one set since. */
  #current: number | undefined

  constructor(owner: string, given: number | Schedule) {
    if (typeof given !== 'function') notNegative(`${owner} learningRate`, given, usual)
    this.#owner = owner
    this.#given = given
  }

  /** Gives the rate of an update. */
  at(step: number): number {
    if (typeof this.#given === 'number') return this.#replaced ?? this.#given
    const rate = this.#given(step) * this.#scale
    if (!(Number.isFinite(rate) && rate >= 0))
      fail(`the schedule of ${this.#owner} gave ${rate} at step ${step}; make it give a number of at least 0`)
    return rate
  }

  /** Notes the rate of an update that was done. */
  used(rate: number): void {
    this.#current = rate
  }

  get current(): number {
    return this.#current ?? this.at(0)
  }

  /** Sets the rate; `step` is that of the last update, 0 before any. */
  set(rate: number, step: number): void {
    notNegative(`${this.#owner} learningRate`, rate, usual)
    if (typeof this.#given === 'number') this.#replaced = rate
    else this.#scale = this.#scaleFor(rate, this.#given(step), step)
    this.#current = rate
  }

  getState(): StateRecord {
    return { current: this.#current ?? null, replaced: this.#replaced ?? null, scale: this.#scale }
  }

  /** Gives a function that takes over a state: everything is checked before anything changes. */
  prepareUpdate(state: StateTree | undefined): () => void {
    const { current, replaced, scale } = (state ?? {}) as Record<string, unknown>
    const valid =
      [current, replaced].every((rate) => rate === null || Number.isFinite(rate)) && Number.isFinite(scale)
    if (!valid)
      fail(
        `the state of ${this.#owner} has no valid learningRate: ${JSON.stringify(state)}; ` +
          'it must be one that getState() gave',
      )
    return () => {
      this.#current = (current as number | null) ?? undefined
      this.#replaced = (replaced as number | null) ?? undefined
      this.#scale = scale as number
    }
  }

  #scaleFor(rate: number, unscaled: number, step: number): number {
    if (rate === this.current) return this.#scale
    if (unscaled > 0) return rate / unscaled
    return fail(
      `the learning rate of ${this.#owner} cannot be set to ${rate}: its schedule gives ${unscaled} ` +
        `at step ${step}, and no factor changes that; set it at another step, or pass another schedule`,
    )
  }
}
