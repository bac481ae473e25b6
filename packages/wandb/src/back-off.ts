/** How long to wait before something is tried again: twice as long each time, less a random part, so that many clients do not come back at once. */
export class BackOff {
  readonly #first: number
  readonly #longest: number
  #failures = 0

  /** @param first Milliseconds before the first repetition. */
  constructor(first: number, longest: number) {
    this.#first = first
    this.#longest = longest
  }

  /** How often it failed since it last went well. */
  get failures(): number {
    return this.#failures
  }

  reset(): void {
    this.#failures = 0
  }

  /** Gives the milliseconds to wait after one more failure; at least what the server asks for, within the limit. */
  next(asked = 0): number {
    const doubled = Math.min(this.#longest, this.#first * 2 ** this.#failures++)
    return Math.max(doubled * (0.5 + Math.random() / 2), Math.min(asked, this.#longest))
  }
}
