import { fail } from './errors.ts'
import { notNegative, positive, updates } from './optimizers/options.ts'

/**
 * Gives the learning rate of an update; `step` is the number of updates done before it. A pure function, so
 * that a resumed run goes on with it.
 */
export type Schedule = (step: number) => number

/** Gives the same rate at every update. */
export function constant(rate: number): Schedule {
  notNegative('constant rate', rate, 'a rate like 0.001 is usual')
  return () => rate
}

export interface StepDecayOptions {
  /** The rate at the start. */
  rate: number
  /** After how many updates the rate falls, again and again. */
  every: number
  /** What the rate is multiplied by each time. Default: 0.1. */
  factor?: number
}

/**
 * Multiplies the rate by `factor` after every `every` updates: `rate · factor^⌊step / every⌋` (PyTorch's
 * `StepLR`).
 */
export function stepDecay({ rate, every, factor = 0.1 }: StepDecayOptions): Schedule {
  notNegative('stepDecay rate', rate, 'a rate like 0.1 is usual')
  updates('stepDecay every', every)
  positive('stepDecay factor', factor, 'a factor like 0.1 is usual')
  return (step) => rate * factor ** Math.floor(step / every)
}

export interface CosineOptions {
  /** The rate at the start. */
  rate: number
  /** After how many updates the rate has come down to `final`, where it stays. */
  steps: number
  /** The rate at the end. Default: 0. */
  final?: number
}

/**
 * Lets the rate fall along half a cosine, slowly, fast, slowly:
 * `final + (rate − final) · ½ (1 + cos(π · step / steps))`, and `final` from `steps` on (PyTorch's
 * `CosineAnnealingLR`; Loshchilov and Hutter, 2017, without restarts). Exactly `rate` at step 0 and exactly
 * `final` at the end.
 */
export function cosine({ rate, steps, final = 0 }: CosineOptions): Schedule {
  notNegative('cosine rate', rate, 'a rate like 0.1 is usual')
  updates('cosine steps', steps)
  notNegative('cosine final', final, 'leave it out to come down to 0')
  return (step) => {
    const share = (1 + Math.cos(Math.PI * (Math.min(step, steps) / steps))) / 2
    // A weighted mean instead of a sum: neither end is rounded.
    return rate * share + final * (1 - share)
  }
}

export interface LinearWarmupOptions {
  /** How many updates have a lowered rate. */
  steps: number
  /** The rate or the schedule that follows; a schedule counts its own steps, from 0 after the warm-up. */
  to: number | Schedule
}

/**
 * Raises the rate in equal parts: the updates 0 … steps − 1 have 1/(steps + 1) … steps/(steps + 1) of what
 * `to` starts with, and update `steps` is the first of `to`. So no update is wasted on a rate of 0, and none
 * repeats the full rate (as nanoGPT does).
 */
export function linearWarmup({ steps, to }: LinearWarmupOptions): Schedule {
  updates('linearWarmup steps', steps)
  const then = toSchedule('linearWarmup to', to)
  return (step) => (step < steps ? (then(0) * (step + 1)) / (steps + 1) : then(step - steps))
}

/** One part of a chain. */
export interface ChainPart {
  /** A rate, or a schedule, which counts its steps from the start of its part. */
  rate: number | Schedule
  /** How many updates it lasts; only the last part may go without. */
  steps?: number
}

/**
 * Puts schedules one after the other (PyTorch's `SequentialLR`, Optax's `join_schedules`). The last part goes
 * on for ever.
 *
 * ```ts
 * chain([{ rate: 0.1, steps: 1000 }, { rate: cosine({ rate: 0.1, steps: 9000 }) }])
 * ```
 */
export function chain(parts: readonly ChainPart[]): Schedule {
  if (!Array.isArray(parts) || parts.length === 0)
    fail('`chain` needs at least one part, such as { rate: 0.1, steps: 1000 }')
  const schedules = parts.map(({ rate }, i) => toSchedule(`chain[${i}].rate`, rate))
  const starts = [0]
  for (const [i, { steps }] of parts.entries()) {
    if (i === parts.length - 1) break
    updates(`chain[${i}].steps`, steps)
    starts.push(starts[i]! + steps!)
  }
  const last = parts.at(-1)!.steps
  if (last !== undefined) updates(`chain[${parts.length - 1}].steps`, last)
  return (step) => {
    let i = starts.length - 1
    while (starts[i]! > step) i--
    return schedules[i]!(step - starts[i]!)
  }
}

function toSchedule(option: string, rate: number | Schedule): Schedule {
  if (typeof rate === 'function') return rate
  notNegative(option, rate, 'a rate like 0.001, or a schedule such as cosine({ rate, steps }), is usual')
  return () => rate
}
