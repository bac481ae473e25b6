import * as tf from '@tensorflow/tfjs'

// Operations that pick values, or put them somewhere. Their gradient takes dy the other way; the core has none of these.

type Gradient = (dy: tf.Tensor, saved: tf.Tensor[], attrs: Record<string, unknown>) => tf.Tensor

/** Describes the gradient by one input; by the others, which are indices, it is 0. */
function picking(kernelName: string, input: string, saved: string[], gradient: Gradient): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: saved,
    gradFunc: (dy, tensors, attrs) => ({
      ...Object.fromEntries(saved.map((name, index) => [name, () => tf.zeros(tensors[index]!.shape)])),
      [input]: () => gradient(dy as tf.Tensor, tensors, attrs as Record<string, unknown>),
    }),
  }
}

const gatherNd = picking('GatherNd', 'params', ['params', 'indices'], (dy, [params, indices]) =>
  tf.scatterND(indices!, dy, params!.shape as [number]),
)

const scatterNd = picking('ScatterNd', 'updates', ['indices'], (dy, [indices]) => tf.gatherND(dy, indices!))

/** Says where each value came from by slicing positions instead of values. */
const stridedSlice = picking('StridedSlice', 'x', ['x'], (dy, [x], attrs) => {
  const positions = tf.reshape(tf.range(0, x!.size, 1, 'int32'), x!.shape)
  const picked = tf
    .engine()
    .runKernel('StridedSlice', { x: positions }, attrs as tf.NamedAttrMap) as unknown as tf.Tensor
  const sums = tf.unsortedSegmentSum(
    tf.reshape(dy, [-1]),
    tf.reshape(tf.cast(picked, 'int32'), [-1]),
    x!.size,
  )
  return tf.reshape(sums, x!.shape)
})

const depthToSpace = picking('DepthToSpace', 'x', ['x'], (dy, [x], { blockSize, dataFormat }) => {
  const size = blockSize as number
  const isLast = dataFormat === 'NHWC'
  const image = isLast ? dy : tf.transpose(dy, [0, 2, 3, 1])
  const [batch, height, width, channels] = image.shape as [number, number, number, number]
  const blocks = tf.reshape(image, [batch, height / size, size, width / size, size, channels])
  const depth = tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4, 5]), [batch, height / size, width / size, -1])
  return tf.reshape(isLast ? depth : tf.transpose(depth, [0, 3, 1, 2]), x!.shape)
})

const flipLeftRight = picking('FlipLeftRight', 'image', [], (dy) => tf.reverse(dy, 2))

const sparseToDense = picking(
  'SparseToDense',
  'sparseValues',
  ['sparseIndices', 'sparseValues'],
  (dy, [indices, values]) => {
    const rows = indices!.rank < 2 ? tf.reshape(indices!, [-1, 1]) : indices!
    const picked = tf.gatherND(dy, rows)
    return values!.rank === 0 ? tf.sum(picked) : tf.reshape(picked, values!.shape)
  },
)

const diag = picking('Diag', 'x', ['x'], (dy, [x]) => {
  const steps = tf.range(0, x!.size, 1, 'int32')
  return tf.reshape(tf.gather(tf.reshape(dy, [-1]), tf.mul(steps, tf.scalar(x!.size + 1, 'int32'))), x!.shape)
})

const bincount = picking('Bincount', 'weights', ['x'], (dy, [x]) => tf.gather(dy, tf.cast(x!, 'int32')))

/** What was replaced gets nothing, and what replaced it the gradient that is there. */
const tensorScatterUpdate: tf.GradConfig = {
  kernelName: 'TensorScatterUpdate',
  inputsToSave: ['tensor', 'indices', 'updates'],
  gradFunc: (dy, saved) => {
    const [tensor, indices, updates] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
    return {
      tensor: () => {
        const replaced = tf.scatterND(indices, tf.onesLike(updates), tensor.shape as [number])
        return tf.mul(dy as tf.Tensor, tf.cast(tf.equal(replaced, 0), 'float32'))
      },
      updates: () => tf.gatherND(dy as tf.Tensor, indices),
    }
  },
}

/** The largest values get their gradients where they were. */
const topK: tf.GradConfig = {
  kernelName: 'TopK',
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dy, saved) => {
    const [x, indices] = saved as [tf.Tensor, tf.Tensor]
    const [values] = dy as tf.Tensor[]
    return {
      x: () =>
        tf.sum(tf.mul(tf.oneHot(indices as tf.Tensor1D, x.shape.at(-1)!), tf.expandDims(values!, -1)), -2),
    }
  },
}

export const pickingGradients: readonly tf.GradConfig[] = [
  gatherNd,
  scatterNd,
  stridedSlice,
  depthToSpace,
  flipLeftRight,
  sparseToDense,
  diag,
  bincount,
  tensorScatterUpdate,
  topK,
]
