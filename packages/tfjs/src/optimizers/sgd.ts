import * as tf from '@tensorflow/tfjs'
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { fail } from '../errors.ts'
import { fraction, notNegative } from './options.ts'
import { type Rule, SlotOptimizer } from './slot-optimizer.ts'

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
      const rate = tf.scalar(learningRate)
      const decayed = addDecay(weightDecay)
      return (variable, gradient) => ({
        variable: tf.sub(variable, tf.mul(decayed(gradient, variable), rate)),
        slots: {},
      })
    },
  }
}

function withMomentum(momentum: number, nesterov: boolean, weightDecay: number): Rule<'momentum'> {
  return {
    kind: 'sgd',
    slots: { momentum: 0 },
    prepare: (learningRate) => {
      const rate = tf.scalar(learningRate)
      const mu = tf.scalar(momentum)
      const decayed = addDecay(weightDecay)
      return (variable, given, slots) => {
        const gradient = decayed(given, variable)
        const buffer = tf.add(tf.mul(slots.momentum, mu), gradient)
        const direction = nesterov ? tf.add(gradient, tf.mul(buffer, mu)) : buffer
        return { variable: tf.sub(variable, tf.mul(direction, rate)), slots: { momentum: buffer } }
      }
    },
  }
}

function addDecay(weightDecay: number): (gradient: tf.Tensor, variable: tf.Tensor) => tf.Tensor {
  if (weightDecay === 0) return (gradient) => gradient
  const factor = tf.scalar(weightDecay)
  return (gradient, variable) => tf.add(gradient, tf.mul(variable, factor))
}
