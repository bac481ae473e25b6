import type { TrainerHandle, TrainerState } from '@trainyard/core'
import { countText } from './number-text.ts'
import type { Pace } from './pace.ts'
import { epochText, type Span } from './span.ts'
import { leftText } from './time-text.ts'

/** How far an action is, in words; whether there is a bar between them is up to the display. */
export interface StatusText {
  /** What goes before the bar, for example `epoch 1/3`. */
  readonly head: string
  /** The part done, from 0 to 1, where it is known. */
  readonly fraction: number | undefined
  readonly tail: string
}

/** Tells after a step how far its span is: percentage, steps, speed, time left, scalars. */
export function trainStatus(
  state: TrainerState,
  trainer: TrainerHandle,
  { from, total, of }: Span,
  pace: Pace,
  scalars: string,
): StatusText {
  const head = epochText(state, trainer)
  const rate = pace.text('step')
  if (total === undefined)
    return { head, fraction: undefined, tail: joined(`step ${state.step}`, rate, scalars) }
  const done = state.step - from
  const fraction = Math.min(done / total, 1)
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4)
  const count = `${of === 'run' ? 'step ' : ''}${String(done).padStart(String(total).length)}/${total}`
  const left = done < total ? pace.timeFor(total - done) : undefined
  return { head, fraction, tail: joined(percent, count, rate, left && leftText(left), scalars) }
}

/**
 * Tells after a batch of `evaluate()` or `predict()` how many there were: how many will come, nobody knows.
 */
export function batchStatus({ action, batch }: TrainerState, pace: Pace): StatusText {
  const head = action === 'eval' ? 'evaluating' : 'predicting'
  return { head, fraction: undefined, tail: joined(countText(batch, 'batch'), pace.text('batch')) }
}

/** Puts the parts of a line together, leaving out those that there are not. */
export function joined(...parts: (string | number | undefined)[]): string {
  return parts.filter(Boolean).join('  ')
}
