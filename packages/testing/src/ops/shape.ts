import type { Tensor } from '@tensorflow/tfjs'

import { float, type Op, opsOf } from '../op.ts'

const op = opsOf('shape')

type Shape = readonly number[]

function transpose(shape: Shape, perm?: Shape): Op {
  const name = `transpose of rank ${shape.length}${perm ? ` by ${perm.join('')}` : ''}`
  return op(name, [float<Shape>(shape)], (tf, x) => tf.transpose(x, perm && [...perm]))
}

function tile(shape: Shape, reps: Shape): Op {
  return op(`tile ${shape.join('x')} by ${reps.join('x')}`, [float<Shape>(shape)], (tf, x) =>
    tf.tile(x, [...reps]),
  )
}

function broadcast(from: Shape, to: Shape): Op {
  return op(`broadcastTo ${from.join('x') || 'scalar'} to ${to.join('x')}`, [float<Shape>(from)], (tf, x) =>
    tf.broadcastTo(x, [...to]),
  )
}

const sizes = { '1d': [7], '2d': [3, 4], '3d': [2, 3, 4], '4d': [2, 3, 2, 4] } as const

/** Functions that are for tensors of one rank. */
const aliases: readonly Op[] = (['1d', '2d', '3d', '4d'] as const).flatMap((rank) => {
  const shape: Shape = sizes[rank]
  const each = <T>(value: T): T[] => shape.map(() => value)
  type OfTensor = (x: Tensor, ...rest: unknown[]) => Tensor
  return [
    op(`concat${rank}`, [float<Shape>(shape), float<Shape>(shape)], (tf, a, b) =>
      (tf[`concat${rank}`] as unknown as (tensors: Tensor[], axis: number) => Tensor)([a, b], 0),
    ),
    op(`pad${rank}`, [float<Shape>(shape)], (tf, x) =>
      (tf[`pad${rank}`] as OfTensor)(x, rank === '1d' ? [1, 2] : each([1, 2])),
    ),
    op(`reverse${rank}`, [float<Shape>(shape)], (tf, x) => (tf[`reverse${rank}`] as OfTensor)(x, [0])),
    op(`slice${rank}`, [float<Shape>(shape)], (tf, x) =>
      (tf[`slice${rank}`] as OfTensor)(x, rank === '1d' ? 1 : each(1), rank === '1d' ? 2 : each(1)),
    ),
  ]
})

/** Functions that move numbers and leave them as they are. */
export const shapeOps: readonly Op[] = [
  transpose([7, 15]),
  transpose([3, 4, 5], [0, 2, 1]),
  transpose([3, 4, 5], [2, 0, 1]),
  transpose([2, 3, 4, 5], [0, 2, 1, 3]),
  transpose([2, 3, 4, 5], [3, 1, 0, 2]),
  transpose([2, 3, 2, 3, 2], [2, 0, 3, 1, 4]),
  transpose([2, 3, 1, 3, 2], [4, 3, 2, 1, 0]),
  transpose([2, 1, 3, 2, 2, 3], [5, 0, 3, 1, 4, 2]),
  op('reverse', [float([7, 15])], (tf, x) => tf.reverse(x)),
  op('reverse (axes 0 and 2)', [float([3, 4, 5])], (tf, x) => tf.reverse(x, [0, 2])),
  ...aliases,
  op('ensureShape', [float([4, 5])], (tf, x) => tf.square(tf.ensureShape(x, [4, 5]))),
  op('concat', [float([4, 5]), float([4, 2])], (tf, a, b) => tf.concat([a, b], 1)),
  op('concat (axis 0 of 3)', [float([1, 3, 5]), float([2, 3, 5]), float([1, 3, 5])], (tf, a, b, c) =>
    tf.concat([a, b, c]),
  ),
  op('concat (last axis of 4)', [float([2, 2, 3, 1]), float([2, 2, 3, 4])], (tf, a, b) =>
    tf.concat([a, b], -1),
  ),
  op('concat (with nothing)', [float([4, 0]), float([4, 2])], (tf, a, b) => tf.concat([a, b], 1)),
  op('stack and unstack', [float([4, 5]), float([4, 5])], (tf, a, b) =>
    tf.addN(tf.unstack(tf.stack([a, b]))),
  ),
  op('stack (axis 1)', [float([4, 5]), float([4, 5])], (tf, a, b) => tf.stack([a, b], 1)),
  op('stack (axis -1)', [float([4, 5]), float([4, 5])], (tf, a, b) => tf.stack([a, b], -1)),
  op('unstack (axis 1)', [float([3, 2, 4])], (tf, x) =>
    tf.mul(...(tf.unstack(x, 1) as [typeof x, typeof x])),
  ),
  op('unstack (one piece)', [float([1, 4])], (tf, x) => tf.square(tf.unstack(x)[0]!)),
  op('split (one piece)', [float([3, 4])], (tf, x) => tf.square(tf.split(x, 1, 1)[0]!)),
  op('split', [float([4, 5])], (tf, x) => tf.mul(...(tf.split(x, 2, 0) as [typeof x, typeof x]))),
  op('split (unequal, one unused)', [float([3, 7])], (tf, x) => tf.square(tf.split(x, [2, 4, 1], 1)[1]!)),
  op('pad', [float([4, 5])], (tf, x) =>
    tf.pad(x, [
      [1, 1],
      [0, 2],
    ]),
  ),
  op('pad (rank 4, with 0.5)', [float([1, 3, 2, 3])], (tf, x) =>
    tf.pad(
      x,
      [
        [0, 0],
        [1, 2],
        [2, 0],
        [0, 1],
      ],
      0.5,
    ),
  ),
  ...(['reflect', 'symmetric'] as const).map((mode) =>
    op(`mirrorPad (${mode})`, [float([4, 5])], (tf, x) =>
      tf.mirrorPad(
        x,
        [
          [1, 1],
          [2, 1],
        ],
        mode,
      ),
    ),
  ),
  tile([4, 5], [2, 3]),
  tile([3], [4]),
  tile([2, 3, 4], [1, 2, 3]),
  tile([1, 5, 1, 3], [2, 1, 3, 2]),
  tile([2, 1, 2, 1, 3], [1, 2, 2, 2, 1]),
  broadcast([4, 5], [3, 4, 5]),
  broadcast([4, 1], [4, 5]),
  broadcast([], [2, 3]),
  op('expandDims, squeeze and reshape', [float([4, 5])], (tf, x) =>
    tf.reshape(tf.squeeze(tf.expandDims(x, 0)), [20]),
  ),
  op('reshape and back', [float([4, 5])], (tf, x) => tf.reshape(tf.square(tf.reshape(x, [2, -1])), [4, 5])),
  op('batchToSpaceND', [float([4, 2, 2, 3])], (tf, x) =>
    tf.batchToSpaceND(
      x,
      [2, 2],
      [
        [0, 1],
        [0, 0],
      ],
    ),
  ),
  op('spaceToBatchND', [float([1, 4, 4, 2])], (tf, x) =>
    tf.spaceToBatchND(
      x,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ),
  op('spaceToBatchND (padded)', [float([2, 3, 5, 2])], (tf, x) =>
    tf.spaceToBatchND(
      x,
      [2, 3],
      [
        [1, 0],
        [0, 1],
      ],
    ),
  ),
  op('depthToSpace', [float([1, 2, 2, 4])], (tf, x) => tf.depthToSpace(x, 2), {
    noGradient: 'TensorFlow.js has none for DepthToSpace.',
  }),
]
