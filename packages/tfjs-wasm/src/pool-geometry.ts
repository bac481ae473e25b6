import * as tf from '@tensorflow/tfjs'

import { type Geometry, geometry2d, geometry3d } from './geometry.ts'

export interface PoolAttrs {
  filterSize: number | [number, number]
  strides: number | [number, number]
  pad: Parameters<typeof tf.backend_util.computePool2DInfo>[4]
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

export interface Pool3DAttrs {
  filterSize: number | [number, number, number]
  strides: number | [number, number, number]
  pad: 'same' | 'valid' | number
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

export interface PoolGradInputs {
  dy: tf.TensorInfo
  input: tf.TensorInfo
}

/** Gives the geometry of pooling an image; gradients pass that of the result. */
export function poolGeometry2d(x: tf.TensorInfo, attrs: PoolAttrs, dy?: tf.TensorInfo): Geometry {
  const { filterSize, strides, pad, dimRoundingMode } = attrs
  const shape = x.shape as [number, number, number, number]
  const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode)
  return geometry2d(info, dy?.shape)
}

/** Gives the geometry of pooling a volume. */
export function poolGeometry3d(x: tf.TensorInfo, attrs: Pool3DAttrs): Geometry {
  const { filterSize, strides, pad, dimRoundingMode } = attrs
  const shape = x.shape as [number, number, number, number, number]
  return geometry3d(tf.backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode))
}
