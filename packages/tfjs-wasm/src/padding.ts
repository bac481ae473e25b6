import * as tf from '@tensorflow/tfjs'

import { channelsFirst, channelsLast, type Pad, padChannelsLast } from './channels.ts'
import type { Heap } from './heap.ts'
import { geometry2d } from './geometry.ts'
import { kernel, type Kernel } from './kernel.ts'
import { maximaOf } from './max-pooling.ts'

type Shape4 = [number, number, number, number]
type Info = tf.backend_util.Conv2DInfo

interface WindowAttrs {
  strides: number | [number, number]
  pad: Pad
  dilations?: number | [number, number]
  dimRoundingMode?: 'floor' | 'round' | 'ceil' | undefined
  filterSize?: number | [number, number]
  dataFormat?: 'NHWC' | 'NCHW'
}

interface WindowInputs {
  x: tf.TensorInfo
  filter?: tf.TensorInfo
}

/**
 * Kernels of XNNPACK that slide a window, told how much padding there is on each side wherever they would get it wrong.
 *
 * - With padding `same` and strides above the size of the window, the padding comes out negative, and nothing is computed.
 * - For a padding given as one number, the core works out the size of the result from the height of the window and its
 *   stride, for the width as well; it may also round up. XNNPACK computes another size, and writes past the end of the
 *   memory that the backend has taken. The core's size holds: what the last windows lack is padding, and where they
 *   end before the input does, the rest is cut off.
 * - It takes no integers, and for the maximum of nothing but padding the nearest pixel.
 * - Channels come last in XNNPACK; where they come first (NCHW), they are moved there and back.
 */
export const paddedWindows: readonly Kernel[] = [
  'Conv2D',
  'FusedConv2D',
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2D',
  'MaxPool',
  'AvgPool',
].map((name) =>
  kernel<WindowInputs, WindowAttrs>(
    name,
    (heap, inputs, attrs, stock) => {
      const { x } = inputs
      if (attrs.dataFormat === 'NCHW') {
        const image = channelsLast(heap, x)
        const changed = { ...attrs, pad: padChannelsLast(attrs.pad), dataFormat: 'NHWC' }
        return channelsFirst(heap, heap.run(name, { ...inputs, x: image }, changed as never), image)
      }
      const info = infoOf(name, x.shape as Shape4, inputs.filter, attrs)
      if (name === 'MaxPool' && (x.dtype !== 'float32' || !allHavePixels(info)))
        return maximaOf(heap, x, geometry2d(info), 2)
      if (name === 'AvgPool' && !allHavePixels(info)) throw nothingToAverage(attrs.pad)
      const { top, left } = info.padInfo
      const rows = fit(info.inHeight, top, info.effectiveFilterHeight, info.strideHeight, info.outHeight)
      const columns = fit(info.inWidth, left, info.effectiveFilterWidth, info.strideWidth, info.outWidth)
      const hasPixels = rows.used > 0 && columns.used > 0
      const used = hasPixels
        ? cutOff(heap, x, rows.used, columns.used)
        : zeros(heap, [info.batchSize, rows.span, columns.span, info.inChannels])
      const explicit: Pad = [
        [0, 0],
        [top, rows.after],
        [left, columns.after],
        [0, 0],
      ]
      const pad = hasPixels ? explicit : 'valid'
      const result = stock({ ...inputs, x: used }, { ...attrs, pad, dimRoundingMode: undefined })
      heap.dispose(used)
      return result
    },
    isOff,
  ),
)

/** Says whether XNNPACK does something else than the core wants, which is rare. */
function isOff({ x, filter }: WindowInputs, attrs: WindowAttrs): boolean {
  const { strides, pad, filterSize, dimRoundingMode, dataFormat } = attrs
  if (dimRoundingMode || typeof pad === 'number' || dataFormat === 'NCHW') return true
  if (!filter && (x.dtype !== 'float32' || typeof pad === 'object')) return true
  if (pad !== 'same') return false
  const [down, across] = both(strides)
  const [height, width] = filter ? (filter.shape as [number, number]) : both(filterSize ?? 1)
  return down > height || across > width
}

/** What windows cover along an axis. */
interface Extent {
  /** From the start of the first one to the end of the last. */
  readonly span: number
  /** How much of the input is used; nothing, if all of them end before it. */
  readonly used: number
  /** How much padding they need after the input. */
  readonly after: number
}

function fit(size: number, before: number, window: number, stride: number, windows: number): Extent {
  const span = (windows - 1) * stride + window
  const after = span - size - before
  // A rest that is shorter than a stride makes no window.
  return { span, used: after <= -stride ? size + after : size, after: Math.max(0, after) }
}

function both(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value
}

function infoOf(name: string, shape: Shape4, filter: tf.TensorInfo | undefined, attrs: WindowAttrs): Info {
  const { strides, pad, dilations = 1, dimRoundingMode, filterSize = 1 } = attrs
  if (!filter) return tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode)
  return tf.backend_util.computeConv2DInfo(
    shape,
    filter.shape as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    name.includes('Depthwise'),
  )
}

/** Says whether no window lies in the padding altogether. */
function allHavePixels(info: Info): boolean {
  const { inHeight, inWidth, outHeight, outWidth, padInfo } = info
  const row = (outHeight - 1) * info.strideHeight - padInfo.top
  const column = (outWidth - 1) * info.strideWidth - padInfo.left
  const beforeThem = padInfo.top < info.effectiveFilterHeight && padInfo.left < info.effectiveFilterWidth
  return beforeThem && row < inHeight && column < inWidth
}

function nothingToAverage(pad: Pad): Error {
  return new Error(
    `[tfjs-wasm] AvgPool with pad ${JSON.stringify(pad)} has windows with nothing but padding in them, which have no ` +
      'mean on the WASM backend: use a smaller pad, or no dimRoundingMode',
  )
}

function cutOff(heap: Heap, x: tf.TensorInfo, height: number, width: number): tf.TensorInfo {
  const [batch, inHeight, inWidth, channels] = x.shape as Shape4
  if (height === inHeight && width === inWidth) return heap.reshape(x, x.shape)
  return heap.run('Slice', { x }, { begin: [0, 0, 0, 0], size: [batch, height, width, channels] })
}

function zeros(heap: Heap, shape: number[]): tf.TensorInfo {
  const out = heap.make(shape)
  heap.float32(out).fill(0)
  return out
}
