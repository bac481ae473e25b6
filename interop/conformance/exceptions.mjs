// What is known to fail on other backends, and why. The lists are checked: what is repaired has to leave them.
import { ops as table } from '@trainyard/testing'

/** Gives the operations whose names match. */
function matching(pattern) {
  return table.map(({ name }) => name).filter((name) => pattern.test(name))
}

const halfPixels = {
  ops: ['Bilinear', 'NearestNeighbor'].map((kind) => `resize${kind} 4x3 to 7x5, half-pixel centers`),
  phase: 'gradient',
  error: /wrong: .* by finite differences/,
  reason: 'The gradient does not know of half-pixel centers.',
}

function nearlyOne(ops) {
  return {
    ops,
    phase: 'gradient',
    sets: ['negative', 'wide'],
    error: /wrong: .*e-7 |wrong: -?0\.00\d+ instead of -?0\.00\d+/,
    reason: 'Where a sigmoid y is nearly 1, its derivative y · (1 - y) shows the last digit of y.',
  }
}

const node = [
  halfPixels,
  nearlyOne(['fused.conv2d bias, sigmoid, stride 2', 'basicLSTMCell']),
  {
    ops: ['same shape', 'row', 'row first', 'column', 'both ways', 'scalar'].map(
      (shape) => `floorDiv (${shape})`,
    ),
    phase: 'forward',
    error: /wrong: is float32 .* instead of int32/,
    reason: 'The result has the type of the inputs; that of the JavaScript backend is int32.',
  },
  {
    ops: ['gather (last axis of 4)'],
    error: /throws: GatherV2: the index value \d+ is not in \[0, NaN\]/,
    reason: 'It takes a negative axis for a position.',
  },
  {
    ops: matching(
      /^(searchSorted|lowerBound and|maxPoolWithArgmax|bitwiseAnd|denseBincount|rotateWithOffset|transform )/,
    ),
    error: /missing/,
    reason: 'Nobody has written the kernel.',
  },
  {
    ops: matching(/^(conv2d|depthwiseConv2d|maxPool|avgPool) .*pad [1-9]/),
    error: /throws: TF Backend supports only 'valid' and 'same' padding while padding was NUMBER/,
    reason: 'Padding as a number is not implemented; tf.pad before does the same.',
  },
  {
    ops: ['conv2d explicit pad', 'conv2d explicit pad, stride 2'],
    phase: 'gradient',
    error: /throws: TF Backend supports only 'valid' and 'same' padding while padding was EXPLICIT/,
    reason: 'Explicit padding is not implemented in gradients; tf.pad before does the same.',
  },
  {
    ops: ['conv2d strides 2 and 1, pad 0'],
    error: /wrong: is float32 .* instead of|throws: Invalid TF_Status: 10/,
    reason:
      'The size that TensorFlow.js expects has one stride for both sides; TensorFlow has two, and is right.',
  },
  {
    ops: ['conv2d channels first'],
    error: /throws: Invalid TF_Status: 12/,
    reason: 'TensorFlow has it on a GPU alone.',
  },
  {
    ops: ['nonMaxSuppressionWithScore'],
    error: /wrong: is float32 \[8\] instead of float32 \[4\]|throws: The sum of sizes/,
    reason:
      'Where scores are lowered instead of boxes left out, TensorFlow keeps more of them than TensorFlow.js.',
  },
  {
    ops: ['2 s2 same', '2 s2 same, odd', '2 s1 valid', '3 s2 same', '1x2x3 s1x2x1 valid'].map(
      (size) => `maxPool3d ${size}`,
    ),
    phase: 'gradient',
    sets: ['ties'],
    error: /wrong: the sum is/,
    reason: 'TensorFlow gives each of several maxima of a volume the whole gradient.',
  },
]

const webgpu = [
  halfPixels,
  nearlyOne([
    'fused.matMul bias, sigmoid',
    'fused.matMul bias, sigmoid, batched, transposed B',
    'fused.conv2d bias, sigmoid, stride 2',
  ]),
  {
    ops: ['sin', 'cos', 'derivative of sin'],
    error: /wrong: -?\d\.\d+ instead of/,
    reason: 'WGSL permits an absolute error of 2^-11 in sin and cos.',
  },
  {
    ops: ['tan'],
    phase: 'gradient',
    error: /wrong: -?\d/,
    reason: 'WGSL permits an absolute error of 2^-11 in sin and cos.',
  },
  {
    ops: ['cumsum (axis 1, reverse)', 'cumsum (axis 2, exclusive, reverse)'],
    phase: 'forward',
    error: /wrong/,
    reason: 'A shader for `reverse` has the length of the axis in it, and is used again for other lengths.',
  },
  {
    ops: [
      'prod (axis -1)',
      'cumsum (axis 1)',
      'cumsum (axis 2)',
      'prod (axes 0 and 2 of 3)',
      'prod (axes 1 and 2 of 4)',
      'prod with negative numbers',
    ],
    phase: 'gradient',
    error: /wrong/,
    reason: 'The gradient sums, or multiplies, in reverse: see cumsum.',
  },
  {
    ops: ['sum of nothing'],
    error: /throws: .*createBuffer/,
    reason: 'The size of the buffer for an empty tensor is not a number.',
  },
  {
    ops: [
      'avgPool 2 s2 same, odd',
      'avgPool 3 s2 same',
      'avgPool 3 s1 same',
      'avgPool 3 s3 same',
      'avgPool pad 1, 3 s2',
      'avgPool3d 2 s2 same, odd',
      'avgPool3d 3 s2 same',
    ],
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason:
      'The gradient divides by the size of the window, the result by how much of it is inside the image.',
  },
  {
    ops: ['maxPoolWithArgmax (indices)'],
    phase: 'forward',
    sets: ['ties'],
    error: /wrong: \d+ instead of \d+/,
    reason: 'Of several maxima it takes the last.',
  },
  {
    ops: ['convolution, batch norm, relu and pool'],
    phase: 'gradient',
    sets: ['ties'],
    error: /wrong/,
    reason:
      'Of several maxima it takes the last; behind a convolution that makes another gradient, as right.',
  },
  {
    ops: matching(/^(bitwiseAnd|unique|nonMaxSuppressionPadded)/),
    error: /missing/,
    reason: 'Nobody has written the kernel.',
  },
  {
    ops: ['denseBincount (binary)', "threshold (Otsu's, inverted)"],
    error: /wrong: writes to its input 0/,
    reason: 'It counts in the tensor that it was given.',
  },
  {
    ops: ['conv2d pad 1, rounded by ceil', 'conv2d pad 1, rounded by round'],
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason: 'The core does not tell the gradients how the size was rounded, and they expect another one.',
  },
  {
    ops: ['nearest, reflect', 'nearest, wrap', 'nearest, nearest', 'bilinear, wrap'].map(
      (mode) => `transform (${mode})`,
    ),
    phase: 'forward',
    error: /wrong/,
    reason: 'Outside the image it takes another pixel.',
  },
  {
    ops: matching(/^(i?fft|i?rfft|signal\.stft|stack of complex)/),
    error: /wrong|throws/,
    reason: 'Complex numbers: results of another shape, with fewer digits, or tensors left over.',
  },
]

/** By the name that `useBackend` has for a backend. */
export const exceptions = { node, webgpu }
