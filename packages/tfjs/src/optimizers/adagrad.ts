import * as tf from '@tensorflow/tfjs'
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { notNegative, positive } from './options.ts'
import { SlotOptimizer } from './slot-optimizer.ts'

export interface AdagradOptions extends OptimizerOptions {
  /** What the sums of squares start with. Default: 0. */
  initialAccumulator?: number
  /** Added to the root, against division by zero. Default: 1e-10. */
  epsilon?: number
}

/**
 * Makes AdaGrad (Duchi, Hazan and Singer, 2011), as in `torch.optim.Adagrad` without decay. In float32,
 * element by element and in this order, each constant rounded once:
 *
 * ```
 * s ← s + g²                         slot `accumulator`, initialAccumulator at first
 * w ← w − (g / (√s + ε))·learningRate
 * ```
 */
export function adagrad({ initialAccumulator = 0, epsilon = 1e-10, ...options }: AdagradOptions): Optimizer {
  notNegative('adagrad initialAccumulator', initialAccumulator, 'a value like 0.1 is usual')
  positive('adagrad epsilon', epsilon, 'a value like 1e-10 is usual')
  return new SlotOptimizer(
    {
      kind: 'adagrad',
      slots: { accumulator: initialAccumulator },
      prepare: (learningRate) => {
        const rate = tf.scalar(learningRate)
        const small = tf.scalar(epsilon)
        return (variable, gradient, slots) => {
          const accumulator = tf.add(slots.accumulator, tf.square(gradient))
          const direction = tf.div(gradient, tf.add(tf.sqrt(accumulator), small))
          return { variable: tf.sub(variable, tf.mul(direction, rate)), slots: { accumulator } }
        }
      },
    },
    options,
  )
}
