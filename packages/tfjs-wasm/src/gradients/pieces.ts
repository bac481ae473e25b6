import * as tf from '@tensorflow/tfjs'

// The core gives a gradient function a list of dy for several results, but a single dy for one. Its gradients of what
// takes a tensor apart expect a list, and fail where there is one piece, as in linalg.bandPart of one matrix.

export const unpack: tf.GradConfig = {
  kernelName: 'Unpack',
  gradFunc: (dy, _, attrs) => ({ value: () => tf.stack([dy].flat(), attrs['axis'] as number) }),
}

export const splitV: tf.GradConfig = {
  kernelName: 'SplitV',
  gradFunc: (dy, _, attrs) => ({ x: () => tf.concat([dy].flat(), attrs['axis'] as number) }),
}
