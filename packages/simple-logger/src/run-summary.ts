import type { TrainerHandle, TrainerState } from '@trainyard/core'
import { countText } from './number-text.ts'
import { durationText, rateText } from './time-text.ts'

/**
 * Remembers how an action began, to tell in one line how it ended. Counts and speed are those of this
 * process, not of the run before a resume.
 */
export class RunSummary {
  #startedAt = 0
  #firstStep = 0
  #failed = false

  start(state: TrainerState, trainer: TrainerHandle): void {
    this.#startedAt = trainer.host.now()
    this.#firstStep = state.step
    this.#failed = false
  }

  fail(): void {
    this.#failed = true
  }

  /** Milliseconds since the start. */
  elapsed(trainer: TrainerHandle): number {
    return trainer.host.now() - this.#startedAt
  }

  /** Steps that this process did. */
  steps(state: TrainerState): number {
    return state.step - this.#firstStep
  }

  /** Gives the line, for example `done at step 938 (epoch 1): 938 steps in 12.3 s, 76.3 steps/s`. */
  line(state: TrainerState, trainer: TrainerHandle): string {
    const ms = this.elapsed(trainer)
    if (state.action !== 'train') {
      const verb = state.action === 'eval' ? 'evaluat' : 'predict'
      const what = this.#failed ? `${verb}ing failed after` : `${verb}ed`
      return `${what} ${countText(state.batch, 'batch')} in ${durationText(ms)}`
    }
    const steps = this.steps(state)
    const rate = steps > 0 && ms > 0 ? `, ${rateText(steps, ms, 'step')}` : ''
    const epoch = state.batch > 0 ? state.epoch + 1 : state.epoch
    const place = `${this.outcome(trainer)} at step ${state.step} (epoch ${epoch})`
    return `${place}: ${countText(steps, 'step')} in ${durationText(ms)}${rate}`
  }

  /** Tells whether the action came to its planned end; the end of `maxTime` is one. */
  outcome({ stopRequest }: TrainerHandle): 'done' | 'stopped' | 'failed' {
    if (this.#failed) return 'failed'
    return stopRequest && stopRequest.reason !== 'maxTime' ? 'stopped' : 'done'
  }
}
