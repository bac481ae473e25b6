import { float, type Op, opsOf } from '../op.ts'

const op = opsOf('convolution')

type Shape4 = readonly [number, number, number, number]
type Pad = 'same' | 'valid' | number | [[0, 0], [number, number], [number, number], [0, 0]]
type Two = number | [number, number]

interface Variant {
  readonly x?: Shape4
  readonly size?: readonly [number, number]
  readonly strides?: Two
  readonly pad?: Pad
  readonly dilations?: Two
}

function conv2d(
  name: string,
  { x = [2, 7, 6, 3], size = [3, 3], strides = 1, pad = 'same', dilations = 1 }: Variant,
): Op {
  return op(`conv2d ${name}`, [float(x), float([...size, x[3], 4] as Shape4)], (tf, input, filter) =>
    tf.conv2d(input, filter, strides, pad, 'NHWC', dilations),
  )
}

function rounded(mode: 'floor' | 'round' | 'ceil'): Op {
  return op(`conv2d pad 1, rounded by ${mode}`, [float([1, 8, 7, 2]), float([3, 3, 2, 3])], (tf, x, filter) =>
    tf.conv2d(x, filter, 2, 1, 'NHWC', 1, mode),
  )
}

function depthwise(
  name: string,
  {
    x = [2, 7, 6, 3],
    size = [3, 3],
    strides = 1,
    pad = 'same',
    dilations = 1,
    multiplier = 1,
  }: Variant & { multiplier?: number },
): Op {
  return op(
    `depthwiseConv2d ${name}`,
    [float(x), float([...size, x[3], multiplier] as Shape4)],
    (tf, input, filter) => tf.depthwiseConv2d(input, filter, strides, pad, 'NHWC', dilations),
  )
}

function transposed(
  name: string,
  input: Shape4,
  output: Shape4,
  size: number,
  strides: Two,
  pad: 'same' | 'valid',
): Op {
  return op(
    `conv2dTranspose ${name}`,
    [float(input), float([size, size, output[3], input[3]])],
    (tf, x, filter) => tf.conv2dTranspose(x, filter, [...output], strides, pad),
  )
}

function conv1d(
  name: string,
  length: number,
  size: number,
  stride: number,
  pad: 'same' | 'valid',
  dilation = 1,
): Op {
  return op(`conv1d ${name}`, [float([2, length, 3]), float([size, 3, 4])], (tf, x, filter) =>
    tf.conv1d(x, filter, stride, pad, 'NWC', dilation),
  )
}

function dilation2d(name: string, strides: Two, pad: 'same' | 'valid', dilations: Two): Op {
  return op(
    `dilation2d${name}`,
    [float([2, 6, 5, 3]), float([2, 3, 3])],
    (tf, x, filter) => tf.dilation2d(x, filter, strides, pad, dilations),
    { ties: 'any' },
  )
}

const explicit: Pad = [
  [0, 0],
  [2, 1],
  [0, 3],
  [0, 0],
]

/** Convolutions over one and two dimensions. */
export const convolutionOps: readonly Op[] = [
  conv1d('same', 9, 3, 1, 'same'),
  conv1d('valid', 9, 4, 1, 'valid'),
  conv1d('stride 2, same', 9, 3, 2, 'same'),
  conv1d('stride 3, valid', 11, 2, 3, 'valid'),
  conv1d('causal, dilation 2', 9, 2, 1, 'valid', 2),
  conv1d('dilation 3, same', 11, 3, 1, 'same', 3),
  conv2d('same', {}),
  conv2d('valid', { pad: 'valid' }),
  conv2d('stride 2, same', { strides: 2 }),
  conv2d('stride 2, valid', { strides: 2, pad: 'valid' }),
  conv2d('stride 3, valid', { x: [2, 11, 10, 2], strides: 3, pad: 'valid' }),
  conv2d('strides 1 and 2, same', { strides: [1, 2] }),
  conv2d('stride larger than filter', { size: [2, 2], strides: 3 }),
  conv2d('1x1', { size: [1, 1] }),
  conv2d('1x1, stride 2', { size: [1, 1], strides: 2 }),
  conv2d('1x5', { size: [1, 5] }),
  conv2d('4x2, valid', { size: [4, 2], pad: 'valid' }),
  conv2d('5x5 on 7x7, one channel', { x: [1, 7, 7, 1], size: [5, 5] }),
  conv2d('filter as large as the image', { x: [2, 3, 3, 5], pad: 'valid' }),
  conv2d('filter larger than the image, same', { x: [2, 2, 2, 3], size: [5, 5] }),
  conv2d('pad 1', { pad: 1 }),
  conv2d('2x3, pad 1', { size: [2, 3], pad: 1 }),
  conv2d('pad 2, stride 2', { pad: 2, strides: 2 }),
  conv2d('2x3, pad 2, stride 2', { size: [2, 3], pad: 2, strides: 2 }),
  conv2d('strides 1 and 2, pad 1', { strides: [1, 2], pad: 1 }),
  conv2d('strides 2 and 1, pad 0', { strides: [2, 1], pad: 0 }),
  conv2d('stride larger than filter, pad 0', { x: [1, 9, 8, 2], size: [2, 2], strides: 3, pad: 0 }),
  rounded('ceil'),
  rounded('round'),
  rounded('floor'),
  op('conv2d channels first', [float([2, 3, 7, 6]), float([3, 2, 3, 4])], (tf, x, filter) =>
    tf.conv2d(x, filter, 2, 'same', 'NCHW'),
  ),
  conv2d('explicit pad', { pad: explicit }),
  conv2d('explicit pad, stride 2', { pad: explicit, strides: 2 }),
  conv2d('many channels', { x: [1, 4, 4, 17] }),
  conv2d('dilation 2, same', { dilations: 2 }),
  conv2d('dilation 2, valid', { x: [1, 8, 9, 2], dilations: 2, pad: 'valid' }),
  conv2d('dilations 1 and 3, same', { dilations: [1, 3] }),
  op(
    'fused.conv2d bias, relu',
    [float([2, 5, 5, 3]), float([3, 3, 3, 4]), float([4])],
    (tf, x, filter, bias) =>
      tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', bias, activation: 'relu' }),
  ),
  op(
    'fused.conv2d bias, sigmoid, stride 2',
    [float([2, 5, 6, 3]), float([2, 3, 3, 4]), float([4])],
    (tf, x, filter, bias) =>
      tf.fused.conv2d({ x, filter, strides: 2, pad: 'valid', bias, activation: 'sigmoid' }),
  ),
  op('fused.conv2d linear', [float([2, 5, 5, 3]), float([3, 3, 3, 4])], (tf, x, filter) =>
    tf.fused.conv2d({ x, filter, strides: 1, pad: 'same' }),
  ),
  op(
    'fused.depthwiseConv2d bias, relu6',
    [float([2, 5, 5, 3]), float([3, 3, 3, 1]), float([3])],
    (tf, x, filter, bias) =>
      tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 'same', bias, activation: 'relu6' }),
  ),
  transposed('stride 2, same', [2, 4, 3, 3], [2, 8, 6, 4], 3, 2, 'same'),
  transposed('stride 2, odd output', [2, 4, 3, 3], [2, 7, 5, 4], 3, 2, 'same'),
  transposed('stride 1, valid', [2, 4, 3, 3], [2, 6, 5, 2], 3, 1, 'valid'),
  transposed('stride 3, valid', [1, 3, 3, 2], [1, 8, 8, 3], 2, 3, 'valid'),
  depthwise('same', {}),
  depthwise('valid', { pad: 'valid' }),
  depthwise('two filters a channel', { multiplier: 2 }),
  depthwise('stride 2, same', { strides: 2 }),
  depthwise('stride 2, valid, two filters a channel', { strides: 2, pad: 'valid', multiplier: 2 }),
  depthwise('strides 2 and 1', { strides: [2, 1] }),
  depthwise('stride larger than filter', { size: [2, 2], strides: 3 }),
  depthwise('2x3, pad 1', { size: [2, 3], pad: 1 }),
  depthwise('3x1 on 3x3, pad 1, all in the padding', {
    x: [1, 3, 3, 3],
    size: [3, 1],
    strides: [3, 1],
    pad: 1,
  }),
  depthwise('2x4', { size: [2, 4] }),
  depthwise('5x5', { x: [1, 7, 7, 5], size: [5, 5] }),
  depthwise('pad 1', { pad: 1, strides: 2 }),
  depthwise('dilation 2, same', { dilations: 2 }),
  depthwise('dilation 2, valid, two filters a channel', { dilations: 2, pad: 'valid', multiplier: 2 }),
  op(
    'separableConv2d',
    [float([2, 5, 5, 3]), float([3, 3, 3, 1]), float([1, 1, 3, 4])],
    (tf, x, depth, point) => tf.separableConv2d(x, depth, point, 1, 'same'),
  ),
  op(
    'separableConv2d stride 2, two filters a channel',
    [float([2, 6, 5, 3]), float([3, 2, 3, 2]), float([1, 1, 6, 4])],
    (tf, x, depth, point) => tf.separableConv2d(x, depth, point, 2, 'valid'),
  ),
  op(
    'fused.conv2d dilation 2, linear',
    [float([2, 6, 5, 3]), float([3, 2, 3, 4]), float([4])],
    (tf, x, filter, bias) => tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', dilations: 2, bias }),
  ),
  op(
    'fused.depthwiseConv2d dilation 2, linear',
    [float([2, 6, 5, 3]), float([3, 2, 3, 2]), float([6])],
    (tf, x, filter, bias) =>
      tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 'valid', dilations: [2, 3], bias }),
  ),
  dilation2d('', 1, 'same', 1),
  dilation2d(' stride 2, valid', 2, 'valid', 1),
  dilation2d(' dilations 2 and 1, same', 1, 'same', [2, 1]),
]
