import * as tf from '@tensorflow/tfjs'
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { fail } from '../errors.ts'
import { fraction, notNegative } from './options.ts'
import { type Rule, scalars, SlotOptimizer } from './slot-optimizer.ts'

export interface SgdOptions extends OptimizerOptions {
  /** The weight of the past updates; 0 for none. Default: 0. */
  momentum?: number
  /** Looks one momentum step ahead. Default: false. */
  nesterov?: boolean
  /** Adds this much of the variable to its gradient (L2). Default: 0. */
  weightDecay?: number
}

/**
 * Makes stochastic gradient descent as in `torch.optim.SGD` with dampening 0. In float32, element by element
 * and in this order, each constant rounded once:
 *
 * ```
 * g ← g + w·weightDecay              with weightDecay
 * b ← b·momentum + g                 with momentum; slot `momentum`, 0 at first
 * d = b,  or g + b·momentum          with nesterov
 * w ← w − d·learningRate             d = g without momentum
 * ```
 *
 * On the WASM backend, what is below 1e-33 in the slot becomes 0, as processors are slow with numbers that are nearer to it.
 */
export function sgd({ momentum = 0, nesterov = false, weightDecay = 0, ...options }: SgdOptions): Optimizer {
  fraction('sgd momentum', momentum, 'a value like 0.9 is usual')
  notNegative('sgd weightDecay', weightDecay, 'a value like 0.0001 is usual')
  if (nesterov && momentum === 0) fail('`sgd nesterov` needs `momentum`; a value like 0.9 is usual')
  return momentum === 0
    ? new SlotOptimizer(plain(weightDecay), options)
    : new SlotOptimizer(withMomentum(momentum, nesterov, weightDecay), options)
}

function plain(weightDecay: number): Rule<never> {
  return {
    kind: 'sgd',
    slots: {},
    prepare: (learningRate) => {
      const c = scalars({ learningRate, weightDecay })
      return (variable, given) => {
        const gradient = weightDecay === 0 ? given : tf.add(given, tf.mul(variable, c.weightDecay))
        return { variable: tf.sub(variable, tf.mul(gradient, c.learningRate)), slots: {} }
      }
    },
    fused: { kernel: 'SgdStep', prepare: (learningRate) => () => ({ learningRate, weightDecay }) },
  }
}

function withMomentum(momentum: number, nesterov: boolean, weightDecay: number): Rule<'momentum'> {
  return {
    kind: 'sgd',
    slots: { momentum: 0 },
    prepare: (learningRate) => {
      const c = scalars({ learningRate, weightDecay, mu: momentum })
      return (variable, given, slots) => {
        const gradient = weightDecay === 0 ? given : tf.add(given, tf.mul(variable, c.weightDecay))
        const buffer = tf.add(tf.mul(slots.momentum, c.mu), gradient)
        const direction = nesterov ? tf.add(gradient, tf.mul(buffer, c.mu)) : buffer
        return { variable: tf.sub(variable, tf.mul(direction, c.learningRate)), slots: { momentum: buffer } }
      }
    },
    fused: {
      kernel: 'SgdStep',
      prepare: (learningRate) => () => ({ learningRate, weightDecay, mu: momentum, nesterov }),
    },
  }
}
