import type * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'

/** Padding as the core takes it: by name, by one number, or for each side of each axis. */
export type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4]

/** Moves the channels of images from the second place (NCHW) to the last (NHWC). */
export function channelsLast(heap: Heap, x: tf.TensorInfo): tf.TensorInfo {
  return heap.run('Transpose', { x }, { perm: [0, 2, 3, 1] })
}

/** Moves the channels of images from the last place to the second; disposes the images, and others that are done with. */
export function channelsFirst(heap: Heap, x: tf.TensorInfo, ...done: tf.TensorInfo[]): tf.TensorInfo {
  const moved = heap.run('Transpose', { x }, { perm: [0, 3, 1, 2] })
  heap.dispose(x, ...done)
  return moved
}

/** Gives padding of each side in the order that it has where channels are last. */
export function padChannelsLast<P extends Pad>(pad: P): P {
  if (typeof pad !== 'object') return pad
  const [batch, channels, height, width] = pad
  return [batch, height, width, channels] as unknown as P
}
