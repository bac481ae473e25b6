import * as tf from '@tensorflow/tfjs'

type Pair = [number, number]
type Shape4 = [number, number, number, number]
type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4]

interface ConvolutionAttrs {
  strides: number | Pair
  pad: Pad
  dilations?: number | Pair | null
  dataFormat?: 'NHWC' | 'NCHW'
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

/** Wraps the gradient of conv2d with one that takes dilations, which the core's does not. */
export function dilatedConv2d(undilated: tf.GradConfig): tf.GradConfig {
  return dilated(undilated, (attrs) => ({ ...attrs, dataFormat: 'NHWC' }), {
    dx: (shape, dy, filter, attrs) =>
      run('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: shape }),
    dw: (x, dy, shape, attrs) => run('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: shape }),
    depthwise: false,
  })
}

/** Wraps the gradient of depthwise convolution with one that takes dilations, which the core's does not. */
export function dilatedDepthwise(undilated: tf.GradConfig): tf.GradConfig {
  return dilated(undilated, (attrs) => ({ ...attrs, dilations: [1, 1] }), {
    dx: (shape, dy, filter, attrs) =>
      run('DepthwiseConv2dNativeBackpropInput', { dy, filter }, { ...attrs, inputShape: shape }),
    dw: (x, dy, shape, attrs) =>
      run('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...attrs, filterShape: shape }),
    depthwise: true,
  })
}

interface Gradients {
  dx(inputShape: number[], dy: tf.Tensor, filter: tf.Tensor, attrs: object): tf.Tensor
  dw(x: tf.Tensor, dy: tf.Tensor, filterShape: number[], attrs: object): tf.Tensor
  readonly depthwise: boolean
}

function run(name: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap)
}

/**
 * With a dilation of d, every d-th pixel belongs together: spaceToBatchND puts each of these d × d coarser images
 * into the batch, and there it is an ordinary convolution. (A stride and a dilation at once do not exist in
 * TensorFlow.js.) So x and dy are taken apart, differentiated, and dx is put together again.
 */
function dilated(
  undilated: tf.GradConfig,
  fixed: (attrs: object) => object,
  { dx, dw, depthwise }: Gradients,
): tf.GradConfig {
  return {
    ...undilated,
    gradFunc: (dy, saved, attrs) => {
      const options = attrs as unknown as ConvolutionAttrs
      const dilations = options.dilations ?? 1
      if (tf.backend_util.tupleValuesAreOne(dilations)) return undilated.gradFunc(dy, saved, attrs)
      if (options.dataFormat === 'NCHW')
        throw new Error('[tfjs-wasm] the gradient of a dilated convolution needs dataFormat NHWC')
      const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D]
      const { strides, pad, dimRoundingMode } = options
      const info = tf.backend_util.computeConv2DInfo(
        x.shape,
        filter.shape,
        strides,
        dilations,
        pad,
        dimRoundingMode,
        depthwise,
      )
      const block = [info.dilationHeight, info.dilationWidth]
      const taps = [info.filterHeight, info.filterWidth]
      const before = [info.padInfo.top, info.padInfo.left]
      const inputSize = [info.inHeight, info.inWidth]
      const outputSize = [info.outHeight, info.outWidth]
      // Coarse images with room for all outputs and the taps beyond them; where x ends before, zeros follow.
      const coarse = [0, 1].map((axis) => {
        const needed = Math.max(
          before[axis]! + inputSize[axis]!,
          outputSize[axis]! + (taps[axis]! - 1) * block[axis]!,
        )
        return Math.ceil(needed / block[axis]!)
      })
      const inputPad = [0, 1].map((axis): Pair => {
        return [before[axis]!, coarse[axis]! * block[axis]! - before[axis]! - inputSize[axis]!]
      })
      const outputPad = [0, 1].map((axis): Pair => {
        return [0, (coarse[axis]! - taps[axis]! + 1) * block[axis]! - outputSize[axis]!]
      })
      const plain = fixed({ strides: [1, 1], pad: 'valid' })
      const coarseDy = (): tf.Tensor => tf.spaceToBatchND(dy as tf.Tensor, block, outputPad)
      const coarseShape = [info.batchSize * block[0]! * block[1]!, ...coarse, info.inChannels] as Shape4
      return {
        x: () => tf.batchToSpaceND(dx(coarseShape, coarseDy(), filter, plain), block, inputPad),
        filter: () => dw(tf.spaceToBatchND(x, block, inputPad), coarseDy(), filter.shape, plain),
      }
    },
  }
}
