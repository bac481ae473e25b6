import * as tf from '@tensorflow/tfjs'
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { fail } from '../errors.ts'
import { fraction, notNegative, positive } from './options.ts'
import { type Rule, scalars, SlotOptimizer } from './slot-optimizer.ts'

export interface AdamOptions extends OptimizerOptions {
  /** The weight of the past in the mean of the gradients. Default: 0.9. */
  beta1?: number
  /** The weight of the past in the mean of their squares. Default: 0.999. */
  beta2?: number
  /** Added to the root of the mean square, against division by zero. Default: 1e-8. */
  epsilon?: number
}

export interface AdamWOptions extends AdamOptions {
  /** By how much, times the learning rate, each update shrinks the variables. Default: 0.01. */
  weightDecay?: number
  /** Tells by its name whether a variable shrinks; biases and norms often do not. Default: all do. */
  decayFilter?: (name: string) => boolean
}

/**
 * Makes Adam (Kingma and Ba, 2015, algorithm 1), as in `torch.optim.Adam`. With t the number of this update,
 * from 1, in float64 on the host:
 *
 * ```
 * c₁ = 1 − β₁ᵗ   c₂ = 1 − β₂ᵗ   stepSize = learningRate·√c₂ / c₁   ε' = ε·√c₂
 * ```
 *
 * then in float32, element by element and in this order, each constant rounded once:
 *
 * ```
 * m ← m + (g − m)·(1 − β₁)           slot `m`, 0 at first
 * v ← v + (g² − v)·(1 − β₂)          slot `v`, 0 at first
 * w ← w − (m / (√v + ε'))·stepSize
 * ```
 *
 * which is the paper's `w − learningRate·m̂ / (√v̂ + ε)` with its divisions by c₁ and √c₂ moved into the
 * constants. The powers follow from the number of updates, so nothing is lost when it is restored. As in
 * Keras that number is the optimizer's; a variable that joins later does not start at 1. On the WASM backend, what is below 1e-33 in
 * a slot becomes 0, as processors are slow with numbers that are nearer to it.
 */
export function adam(options: AdamOptions): Optimizer {
  return new SlotOptimizer(adamRule('adam', options), options)
}

/**
 * Makes AdamW (Loshchilov and Hutter, 2019), as in `torch.optim.AdamW`: Adam whose last line begins with
 * variables that have been shrunk first, `w·(1 − learningRate·weightDecay)`.
 */
export function adamW({ weightDecay = 0.01, decayFilter = () => true, ...options }: AdamWOptions): Optimizer {
  notNegative('adamW weightDecay', weightDecay, 'a value like 0.01 is usual')
  if (typeof decayFilter !== 'function')
    fail(
      '`adamW decayFilter` must be a function from the name of a variable to true or false, ' +
        `not ${String(decayFilter)}`,
    )
  return new SlotOptimizer(adamRule('adamW', options, { weightDecay, decayFilter }), options)
}

function adamRule(
  kind: string,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions,
  decay?: Required<Pick<AdamWOptions, 'weightDecay' | 'decayFilter'>>,
): Rule<'m' | 'v'> {
  fraction(`${kind} beta1`, beta1, 'a value like 0.9 is usual')
  fraction(`${kind} beta2`, beta2, 'a value like 0.999 is usual')
  positive(`${kind} epsilon`, epsilon, 'a value like 1e-8 is usual')
  const constants = (learningRate: number, step: number) => {
    const correction1 = 1 - beta1 ** (step + 1)
    const correction2 = Math.sqrt(1 - beta2 ** (step + 1))
    return {
      share1: 1 - beta1,
      share2: 1 - beta2,
      stepSize: (learningRate * correction2) / correction1,
      epsilon: epsilon * correction2,
      shrink: decay ? 1 - learningRate * decay.weightDecay : 1,
    }
  }
  return {
    kind,
    slots: { m: 0, v: 0 },
    prepare: (learningRate, step) => {
      const c = scalars(constants(learningRate, step))
      return (variable, gradient, slots, name) => {
        const m = tf.add(slots.m, tf.mul(tf.sub(gradient, slots.m), c.share1))
        const v = tf.add(slots.v, tf.mul(tf.sub(tf.square(gradient), slots.v), c.share2))
        const direction = tf.div(m, tf.add(tf.sqrt(v), c.epsilon))
        const shrunk = decay?.decayFilter(name) ? tf.mul(variable, c.shrink) : variable
        return { variable: tf.sub(shrunk, tf.mul(direction, c.stepSize)), slots: { m, v } }
      }
    },
    fused: {
      kernel: 'AdamStep',
      prepare: (learningRate, step) => {
        const all = constants(learningRate, step)
        return (name) => (decay?.decayFilter(name) ? all : { ...all, shrink: 1 })
      },
    },
  }
}
