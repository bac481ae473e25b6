import * as tf from '@tensorflow/tfjs'
import { positive } from './optimizers/options.ts'

export interface ClippingOptions {
  /** Scales all gradients by the same factor, so that their global norm is at most this. */
  clipNorm?: number
  /** Limits each element of a gradient to [−clipValue, clipValue], after `clipNorm` where both are given. */
  clipValue?: number
}

/** How the gradients of one update are clipped. */
export interface Clipping {
  /** The global norm of the gradients as they came; only with `clipNorm`. The caller frees it. */
  readonly norm: tf.Scalar | undefined
  /** What the gradients are multiplied by; only with `clipNorm`. */
  readonly factor: tf.Scalar | undefined
  /** What their elements are limited to; infinite without `clipValue`. */
  readonly limit: number
  /** Gives the clipped gradient; the same tensor if there is nothing to clip. */
  readonly clip: (gradient: tf.Tensor) => tf.Tensor
}

/** Checks the options for clipping. */
export function checkClipping(owner: string, { clipNorm, clipValue }: ClippingOptions): void {
  if (clipNorm !== undefined) positive(`${owner} clipNorm`, clipNorm, 'leave it out for no clipping')
  if (clipValue !== undefined) positive(`${owner} clipValue`, clipValue, 'leave it out for no clipping')
}

/**
 * Gives the Euclidean norm over all elements of all gradients, `√Σ g²`, as a scalar on the device: what
 * `torch.nn.utils.clip_grad_norm_` and `tf.clip_by_global_norm` measure. NaN if any element is NaN, infinite
 * if any is infinite or the sum of squares is beyond float32.
 */
export function globalNorm(gradients: Iterable<tf.Tensor>): tf.Scalar {
  return tf.tidy(() => {
    // The wasm backend sums an empty tensor to whatever was in that memory.
    const squares = [...gradients].filter(({ size }) => size > 0).map(sumOfSquares)
    return squares.length === 0 ? tf.scalar(0) : tf.sqrt(tf.addN(squares))
  })
}

/**
 * Prepares the clipping of one update. The norm comes first, because it is measured on the gradients as they
 * came; both limits hold afterwards, as limiting elements can only lower the norm. All gradients are
 * multiplied by `clipNorm / max(norm, clipNorm)`, which is exactly 1 where the norm is within the limit.
 * Nothing is read from the device. Call it inside `tf.tidy`.
 */
export function clipping(
  gradients: Iterable<tf.Tensor>,
  { clipNorm, clipValue: limit = Infinity }: ClippingOptions,
): Clipping {
  const norm = clipNorm === undefined ? undefined : globalNorm(gradients)
  const factor = norm && tf.div<tf.Scalar>(clipNorm!, tf.maximum(norm, clipNorm!))
  const clip = (gradient: tf.Tensor): tf.Tensor => {
    const scaled = factor ? tf.mul(gradient, factor) : gradient
    return limit === Infinity ? scaled : clipElements(scaled, limit)
  }
  return { norm, factor, limit, clip }
}

function sumOfSquares(gradient: tf.Tensor): tf.Scalar {
  const squares = tf.square(gradient)
  // By rows first: a running float32 sum stands still when it is 2²⁴ times as large as what is added to it.
  return tf.sum(gradient.rank > 1 ? tf.sum(squares, -1) : squares)
}

function clipElements(gradient: tf.Tensor, limit: number): tf.Tensor {
  const clipped = tf.clipByValue(gradient, -limit, limit)
  // As it comes the wasm backend clips NaN to -limit, and a broken gradient would look like a good one.
  return tf.where(tf.isNaN(gradient), gradient, clipped)
}
