import { rateText } from './time-text.ts'

const horizon = 30_000

/**
 * Measures how long a step takes, over about the last half minute. The first one is left out, because it
 * often has to prepare things; so is the time between `pause` and `goOn`.
 */
export class Pace {
  #lastAt: number | undefined
  #count = 0
  #ms = 0

  restart(): void {
    this.#lastAt = undefined
    this.#count = 0
    this.#ms = 0
  }

  /** Counts a step that ended now. */
  tick(now: number): void {
    if (this.#lastAt !== undefined) this.#add(now - this.#lastAt)
    this.#lastAt = now
  }

  pause(now: number): void {
    if (this.#lastAt !== undefined) this.#ms += now - this.#lastAt
    this.#lastAt = undefined
  }

  goOn(now: number): void {
    this.#lastAt = now
  }

  /** Gives the milliseconds that so many steps will take, as far as is known. */
  timeFor(count: number): number | undefined {
    return this.#count > 0 ? (this.#ms / this.#count) * count : undefined
  }

  text(unit: 'step' | 'batch'): string | undefined {
    return this.#count > 0 && this.#ms > 0 ? rateText(this.#count, this.#ms, unit) : undefined
  }

  #add(ms: number): void {
    this.#count += 1
    this.#ms += ms
    // Halving both keeps the mean and lets what is old fade out.
    if (this.#ms > horizon) {
      this.#count /= 2
      this.#ms /= 2
    }
  }
}
