import * as tf from '@tensorflow/tfjs'
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { fraction, positive } from './options.ts'
import { SlotOptimizer, type Slots, type UpdateRule } from './slot-optimizer.ts'

export interface RmspropOptions extends OptimizerOptions {
  /** The weight of the past in the mean of the squared gradients, also called rho or alpha. Default: 0.99. */
  decay?: number
  /** The weight of the past updates; 0 for none. Default: 0. */
  momentum?: number
  /** Divides by the standard deviation instead of the root of the mean square. Default: false. */
  centered?: boolean
  /** Added to the root, against division by zero. Default: 1e-8. */
  epsilon?: number
}

type SlotName = 'meanSquare' | 'meanGradient' | 'momentum'

/**
 * Makes RMSProp (Hinton's lecture 6e; centered: Graves, 2013), as in `torch.optim.RMSprop`: ε stands outside
 * the root. In float32, element by element and in this order, each constant rounded once:
 *
 * ```
 * s ← s + (g² − s)·(1 − decay)       slot `meanSquare`, 0 at first
 * a ← a + (g − a)·(1 − decay)        centered; slot `meanGradient`, 0 at first
 * d = g / (√s + ε),  or  g / (√max(s − a², 0) + ε)      centered
 * b ← b·momentum + d                 with momentum; slot `momentum`, 0 at first
 * w ← w − b·learningRate             b = d without momentum
 * ```
 *
 * The maximum is ours: a variance that is zero may be rounded below zero, and PyTorch's weights turn into NaN
 * then.
 */
export function rmsprop({
  decay = 0.99,
  momentum = 0,
  centered = false,
  epsilon = 1e-8,
  ...options
}: RmspropOptions): Optimizer {
  fraction('rmsprop decay', decay, 'a value like 0.99 is usual')
  fraction('rmsprop momentum', momentum, 'a value like 0.9 is usual')
  positive('rmsprop epsilon', epsilon, 'a value like 1e-8 is usual')
  const slots = {
    meanSquare: 0,
    ...(centered && { meanGradient: 0 }),
    ...(momentum > 0 && { momentum: 0 }),
  } as Record<SlotName, number>
  const prepare = (learningRate: number): UpdateRule<SlotName> => {
    const rate = tf.scalar(learningRate)
    const share = tf.scalar(1 - decay)
    const mu = tf.scalar(momentum)
    const small = tf.scalar(epsilon)
    return (variable, gradient, old) => {
      const next: Partial<Slots<SlotName>> = {}
      next.meanSquare = tf.add(old.meanSquare, tf.mul(tf.sub(tf.square(gradient), old.meanSquare), share))
      let variance = next.meanSquare
      if (centered) {
        next.meanGradient = tf.add(old.meanGradient, tf.mul(tf.sub(gradient, old.meanGradient), share))
        variance = tf.relu(tf.sub(next.meanSquare, tf.square(next.meanGradient)))
      }
      let direction: tf.Tensor = tf.div(gradient, tf.add(tf.sqrt(variance), small))
      if (momentum > 0) direction = next.momentum = tf.add(tf.mul(old.momentum, mu), direction)
      return { variable: tf.sub(variable, tf.mul(direction, rate)), slots: next as Slots<SlotName> }
    }
  }
  return new SlotOptimizer({ kind: 'rmsprop', slots, prepare }, options)
}
