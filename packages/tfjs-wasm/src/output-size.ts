import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

type Shape4 = [number, number, number, number]
type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4]

interface WindowAttrs {
  strides: number | [number, number]
  pad: Pad
  dilations?: number | [number, number]
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
  filterSize?: number | [number, number]
}

/**
 * Kernels of XNNPACK that slide a window, with a check before them.
 *
 * For a padding given as one number, the core works out the size of the output from the height of the filter, its
 * stride and no dilation, for the width as well. XNNPACK computes the right size and writes past the end of
 * the memory that the backend has taken for the result. Such a call is refused, also one that rounds up.
 */
export const checkedWindows: readonly Kernel[] = [
  'Conv2D',
  'FusedConv2D',
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2D',
  'MaxPool',
  'AvgPool',
].map((name) =>
  kernel<{ x: tf.TensorInfo; filter?: tf.TensorInfo }, WindowAttrs>(
    name,
    (_, { x, filter }, attrs, stock) => {
      if (typeof attrs.pad === 'number' || attrs.dimRoundingMode)
        check(name, x.shape as Shape4, filter, attrs)
      return stock()
    },
  ),
)

function check(name: string, shape: Shape4, filter: tf.TensorInfo | undefined, attrs: WindowAttrs): void {
  const { strides, pad, dilations = 1, dimRoundingMode, filterSize = 1 } = attrs
  const depthwise = name.includes('Depthwise')
  const info = filter
    ? tf.backend_util.computeConv2DInfo(
        shape,
        filter.shape as Shape4,
        strides,
        dilations,
        pad,
        dimRoundingMode,
        depthwise,
      )
    : tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode)
  const { padInfo } = info
  if (padInfo.type === 'SAME') return
  const height = info.inHeight + padInfo.top + padInfo.bottom - info.effectiveFilterHeight
  const width = info.inWidth + padInfo.left + padInfo.right - info.effectiveFilterWidth
  const rows = Math.floor(height / info.strideHeight) + 1
  const columns = Math.floor(width / info.strideWidth) + 1
  if (rows === info.outHeight && columns === info.outWidth) return
  throw new Error(
    `[tfjs-wasm] ${name} with pad ${JSON.stringify(pad)} has an output of ${rows} × ${columns}, but TensorFlow.js takes ` +
      `it for ${info.outHeight} × ${info.outWidth}. Give the padding of each side, as in ` +
      '[[0, 0], [top, bottom], [left, right], [0, 0]], and no dimRoundingMode',
  )
}
