import * as tf from '@tensorflow/tfjs'

import { unbroadcast } from './broadcasting.ts'

/** A function that gives the gradient of each input when it is called, so that nobody computes one that is not needed. */
type GradientFunction = (dy: tf.Tensor, saved: tf.Tensor[]) => Record<string, () => tf.Tensor>

/** Kernels that add a bias to what another one computes: that one, the names of its inputs, and where they are saved. */
const plainKernels = {
  fusedMatMul__op: { name: 'BatchMatMul', inputs: ['a', 'b'], saved: [0, 1] },
  fusedConv2d__op: { name: 'Conv2D', inputs: ['x', 'filter'], saved: [1, 0] },
  fusedDepthwiseConv2d__op: { name: 'DepthwiseConv2dNative', inputs: ['x', 'filter'], saved: [1, 0] },
} as const

export type FusedOperation = keyof typeof plainKernels

/**
 * Makes the gradient of a product or convolution with a bias, of the gradient of the one without. That of the core computes
 * all of it at once, also by the batch, which is as much work as all the rest; and is wrong for products that share a factor,
 * and for dilation.
 */
export function gradientInParts(operation: FusedOperation, attrs: tf.NamedAttrMap): GradientFunction {
  const { name, inputs, saved: places } = plainKernels[operation]
  return (dy, saved) => {
    const [, , y, bias] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined]
    const slope = tf.reshape(dy, y.shape)
    const factors = places.map((place) => saved[place]!)
    const gradients = tf.getGradient(name).gradFunc(slope, factors, attrs)
    return {
      0: gradients[inputs[0]]!,
      1: gradients[inputs[1]]!,
      ...(bias && { 2: () => unbroadcast(slope, bias.shape) }),
    }
  }
}
