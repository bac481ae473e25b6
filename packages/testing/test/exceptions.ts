// What is known to fail, and why. The lists are checked: what is repaired has to leave them.
import type { Exception } from '../src/index.ts'

const broadcast = ['row', 'row first', 'column', 'both ways', 'scalar']
const shapes = ['same shape', ...broadcast]
const axes = ['all', 'axis 0', 'axis -1', 'axis 1 of 3, kept', 'axes 0 and 2 of 3', 'axes 1 and 2 of 4']

function named(names: readonly string[], variants: readonly string[]): string[] {
  return names.flatMap((name) => variants.map((variant) => `${name} (${variant})`))
}

/** Faults of the core of TensorFlow.js, on every backend, that `registerGradients` of `@trainyard/tfjs-wasm` repairs. */
export const stockGradientFaults: readonly Exception[] = [
  {
    ops: [
      'derivative of exp',
      'derivative of sigmoid',
      'derivative of tanh',
      'derivative of elu',
      'derivative of softmaxCrossEntropy',
    ],
    phase: 'gradient',
    error: /no gradient: not recorded/,
    reason:
      'The tape does not know results that are saved for gradients, so that second derivatives lack them.',
  },
  {
    ops: ['derivative of x · tanh x', 'derivative of softmax', 'derivative of logSoftmax'],
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason:
      'The tape does not know results that are saved for gradients, so that second derivatives lack them.',
  },
  {
    ops: ['derivative of the derivative of exp'],
    error: /no gradient: not recorded/,
    reason: 'The tape does not know results that are saved for gradients.',
  },
  {
    ops: ['derivative of conv2d'],
    phase: 'gradient',
    error: /no gradient: Conv2DBackpropFilter/,
    reason: 'The gradient by the filter has none.',
  },
  {
    ops: ['losses.softmaxCrossEntropy (of labels)'],
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason: 'The gradient by the labels is that by the logits, with the other sign.',
  },
  {
    ops: named(['floorDiv'], shapes),
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason: 'It has the gradient of div instead of 0.',
  },
  {
    ops: named(['max', 'min'], axes),
    phase: 'gradient',
    sets: ['ties', 'many zeros'],
    error: /wrong: the sum is/,
    reason: 'Each of several maxima gets the whole gradient.',
  },
  {
    ops: ['norm (euclidean, axis 1)', 'euclideanNorm'],
    phase: 'gradient',
    sets: ['many zeros'],
    error: /wrong: NaN instead of/,
    reason: 'The gradient divides by the norm, which may be 0.',
  },
  {
    ops: ['prod (axis -1)'],
    phase: 'gradient',
    error: /throws: Error in transpose/,
    reason: 'The gradient takes a negative axis for a position.',
  },
  {
    ops: [
      'matMul broadcast: one A for all B',
      'matMul broadcast: one B for all A',
      'matMul broadcast: 3D with 2D',
      'fused.matMul with one B for all A',
    ],
    phase: 'gradient',
    error: /throws: .* does not match the shape of the input/,
    reason: 'The gradient does not sum over what was broadcast.',
  },
  {
    ops: ['linalg.bandPart (causal mask)', 'unstack (one piece)', 'split (one piece)'],
    phase: 'gradient',
    error: /throws: (Argument tensors passed to stack|Pass at least one tensor to concat)/,
    reason: 'The gradients of unstack and split expect a list, and get a tensor where there is one piece.',
  },
  {
    ops: ['mirrorPad (reflect)', 'mirrorPad (symmetric)'],
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason: 'The gradient leaves out what flows back from the mirrored border.',
  },
  {
    ops: [
      'batchNorm (mean and variance only)',
      'batchNorm2d',
      'batchNorm3d',
      'batchNorm4d (scale without offset)',
    ],
    phase: 'gradient',
    error: /throws: Cannot read properties of undefined/,
    reason: 'The gradient reads a scale that was not given, and the tape an offset.',
  },
  {
    ops: [
      ...named(['maximum', 'minimum', 'squaredDifference'], broadcast),
      ...named(['prelu'], ['row first', 'both ways']),
    ],
    phase: 'gradient',
    error: /throws: .* does not match the shape of the input/,
    reason: 'The gradient does not sum over what was broadcast.',
  },
  {
    ops: [
      'where (greater)',
      'where (less)',
      'where (lessEqual 0)',
      'where (equal 0)',
      'where (notEqual 0)',
      'where (logicalAnd)',
      'divNoNan',
      'derivative of selu',
      'linalg.qr (product)',
      'linalg.qr (both factors)',
      'losses.computeWeightedLoss',
    ],
    phase: 'gradient',
    error: /no gradient: (Greater|Less|LessEqual|Equal|NotEqual|LogicalAnd)$/,
    reason: 'Comparisons of differentiated tensors have no gradient.',
  },
  {
    ops: named(['cumsum'], ['axis 0', 'axis 1', 'axis 0, exclusive', 'axis 1, reverse']),
    phase: 'gradient',
    error: /throws: .* does not match the shape of the input/,
    reason: 'The gradient permutes the axes the wrong way round.',
  },
  {
    ops: [
      'einsum ij,jk->ik',
      'einsum bij,bjk->bik',
      'einsum bhid,bhjd->bhij',
      'einsum i,j->ij',
      'einsum ij,ij->',
      'einsum ij->ji',
      'einsum ij->j',
      'rgbToGrayscale',
    ],
    phase: 'gradient',
    error: /no gradient: Einsum/,
    reason: 'Einsum has none.',
  },
  {
    ops: ['tile 2x1x2x1x3 by 1x2x2x2x1'],
    phase: 'gradient',
    error: /throws: Gradient for tile operation is not implemented for rank-5/,
    reason: 'The gradient ends at rank 4.',
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
    ops: [
      'conv1d causal, dilation 2',
      'conv1d dilation 3, same',
      'conv2d dilation 2, same',
      'conv2d dilation 2, valid',
      'conv2d dilations 1 and 3, same',
      'depthwiseConv2d dilation 2, same',
      'depthwiseConv2d dilation 2, valid, two filters a channel',
      'large conv2d, dilation 2',
      'fused.conv2d dilation 2, linear',
      'fused.depthwiseConv2d dilation 2, linear',
    ],
    phase: 'gradient',
    error: /throws: Error in gradient of (fused )?\w+: dilation rates greater than 1/,
    reason: 'The gradients do not know of dilation.',
  },
]

/** Faults of the JavaScript backend. */
export const cpuFaults: readonly Exception[] = [
  {
    ops: ['resizeNearestNeighbor 4x3 to 7x5, half-pixel centers'],
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason: 'The gradient does not know of half-pixel centers.',
  },
  {
    ops: ['conv2d pad 1, rounded by ceil', 'conv2d pad 1, rounded by round'],
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason: 'The core does not tell the gradients how the size was rounded, and they expect another one.',
  },
  {
    ops: ['maxPool3d 1x2x3 s1x2x1 valid'],
    phase: 'gradient',
    error: /wrong: .* by finite differences/,
    reason: 'The gradient is that of a window with equal sides.',
  },
  {
    ops: ['tensorScatterUpdate'],
    phase: 'forward',
    error: /wrong: writes to its input 0/,
    reason: 'It updates the tensor that it was given.',
  },
  {
    ops: ['8x6', '5x7', '2x2', '7x5, aligned corners', '7x5, half-pixel centers'].map(
      (size) => `resizeBilinear 4x3 to ${size}`,
    ),
    phase: 'gradient',
    error: /throws: .* has shape '1,3,4,2', which does not match the shape of the input '1,4,3,2'/,
    reason: 'The gradient takes height for width.',
  },
]

/** Faults of the WASM backend that the training kernels do not repair. */
export const wasmFaults: readonly Exception[] = []
