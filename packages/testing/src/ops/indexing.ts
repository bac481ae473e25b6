import { float, given, ints, type Notes, type Op, opsOf } from '../op.ts'

const op = opsOf('indexing')

const absent = (name: string): Notes => ({ noGradient: `TensorFlow.js has none for ${name}.` })
const index = { noGradient: 'Its result is made of integers.' }

/** Functions that pick numbers by index, and that put them somewhere. */
export const indexingOps: readonly Op[] = [
  op('gather (embedding)', [float([5, 3]), ints(0, 2, 2, 1)], (tf, x, i) => tf.gather(x, i)),
  op('gather (embedding of a batch)', [float([6, 7]), given([2, 3], [5, 0, 1, 1, 5, 3])], (tf, x, i) =>
    tf.gather(x, i),
  ),
  op('gather (axis 1)', [float([5, 3]), ints(0, 2, 2, 1)], (tf, x, i) => tf.gather(x, i, 1)),
  op('gather (axis 1 of 4)', [float([2, 5, 3, 2]), ints(4, 0, 4)], (tf, x, i) => tf.gather(x, i, 1)),
  op('gather (axis 2 of 3, by a matrix)', [float([2, 3, 5]), given([2, 2], [4, 0, 2, 4])], (tf, x, i) =>
    tf.gather(x, i, 2),
  ),
  op('gather (last axis of 4)', [float([2, 3, 2, 5]), ints(4, 4, 1)], (tf, x, i) => tf.gather(x, i, -1)),
  op('gather (axis 1, batchDims 1)', [float([2, 3]), given([2, 2], [0, 2, 2, 1])], (tf, x, i) =>
    tf.gather(x, i, 1, 1),
  ),
  op('gather (axis 1 of 3, batchDims 1)', [float([2, 4, 3]), given([2, 3], [3, 0, 3, 1, 1, 2])], (tf, x, i) =>
    tf.gather(x, i, 1, 1),
  ),
  op('gather (axis 2, batchDims 1)', [float([2, 2, 4]), given([2, 3], [3, 0, 3, 1, 1, 2])], (tf, x, i) =>
    tf.gather(x, i, 2, 1),
  ),
  op('gather (by a scalar)', [float([5, 3])], (tf, x) => tf.gather(x, tf.scalar(3, 'int32'))),
  op(
    'gatherND',
    [float([5, 3]), given([2, 2], [0, 1, 2, 2])],
    (tf, x, i) => tf.gatherND(x, i),
    absent('GatherNd'),
  ),
  op('unsortedSegmentSum', [float([4, 3]), ints(0, 2, 2, 1)], (tf, x, ids) =>
    tf.unsortedSegmentSum(x, ids, 3),
  ),
  op('unsortedSegmentSum (rank 1, empty segments)', [float([6]), ints(4, 0, 4, 4, 0, 2)], (tf, x, ids) =>
    tf.unsortedSegmentSum(x, ids, 6),
  ),
  op('unsortedSegmentSum (rank 4)', [float([3, 2, 2, 3]), ints(1, 0, 1)], (tf, x, ids) =>
    tf.unsortedSegmentSum(x, ids, 2),
  ),
  op(
    'oneHot',
    [float([4])],
    (tf, x) => tf.cast(tf.oneHot(tf.cast(tf.step(x), 'int32'), 3), 'float32'),
    index,
  ),
  op('oneHot (rank 3, other values)', [given([2, 3], [0, 3, 1, 2, 2, 0])], (tf, i) =>
    tf.oneHot(i, 4, 0.9, 0.1),
  ),
  op(
    'scatterND',
    [float([2, 3])],
    (tf, x) => tf.scatterND(tf.tensor2d([1, 3], [2, 1], 'int32'), x, [5, 3]),
    absent('ScatterNd'),
  ),
  op(
    'scatterND (the same index twice)',
    [float([3])],
    (tf, x) => tf.scatterND(tf.tensor2d([1, 3, 1], [3, 1], 'int32'), x, [5]),
    absent('ScatterNd'),
  ),
  op(
    'tensorScatterUpdate',
    [float([5, 3]), float([2, 3])],
    (tf, x, updates) => tf.tensorScatterUpdate(x, tf.tensor2d([1, 3], [2, 1], 'int32'), updates),
    absent('TensorScatterUpdate'),
  ),
  op(
    'sparseToDense',
    [float([2])],
    (tf, x) => tf.sparseToDense(tf.tensor1d([1, 3], 'int32'), x, [5], 0),
    absent('SparseToDense'),
  ),
  op('unique', [ints(3, 1, 3, 2, 1)], (tf, x) => tf.unique(x).values),
  op('unique (indices)', [ints(3, 1, 3, 2, 1)], (tf, x) => tf.unique(x).indices),
  op('unique (rows)', [given([3, 2], [1, 2, 3, 4, 1, 2])], (tf, x) => tf.unique(x, 0).values),
  op('denseBincount', [given([2, 4], [0, 2, 2, 1, 3, 3, 0, 3])], (tf, x) => tf.denseBincount(x, [], 4)),
  op('denseBincount (binary)', [given([2, 4], [0, 2, 2, 1, 3, 3, 0, 3])], (tf, x) =>
    tf.denseBincount(x, [], 4, true),
  ),
  op(
    'lowerBound and upperBound',
    [float([9])],
    (tf, x) => {
      const edges = tf.tensor1d([-1, 0, 0, 0.5])
      return tf.stack([tf.lowerBound(edges, x), tf.upperBound(edges, x)])
    },
    index,
  ),
  op('math.confusionMatrix', [ints(0, 2, 1, 2), ints(0, 1, 1, 2)], (tf, a, b) =>
    tf.math.confusionMatrix(a, b, 3),
  ),
  op('bincount', [float([9])], (tf, x) => tf.bincount(tf.cast(tf.step(x), 'int32'), [], 3), index),
  op(
    'bincount (weights)',
    [float([4])],
    (tf, x) => tf.bincount(tf.tensor1d([0, 2, 2, 1], 'int32'), x, 3),
    absent('Bincount'),
  ),
  op(
    'searchSorted',
    [float([9])],
    (tf, x) => tf.searchSorted(tf.tensor1d([-1.25, -0.25, 0.25, 1.25]), x),
    index,
  ),
  op('slice', [float([4, 5])], (tf, x) => tf.slice(x, [1, 1], [2, 3])),
  op('slice (rank 4)', [float([2, 4, 3, 5])], (tf, x) => tf.slice(x, [0, 1, 1, 2], [2, 2, 1, 3])),
  op('slice (to the end)', [float([7, 15])], (tf, x) => tf.slice(x, [2, 0], [-1, -1])),
  op(
    'stridedSlice',
    [float([4, 5])],
    (tf, x) => tf.stridedSlice(x, [0, 0], [4, 5], [2, 2]),
    absent('StridedSlice'),
  ),
  op(
    'stridedSlice (backwards)',
    [float([4, 5])],
    (tf, x) => tf.stridedSlice(x, [3, 4], [0, 0], [-1, -2]),
    absent('StridedSlice'),
  ),
]
