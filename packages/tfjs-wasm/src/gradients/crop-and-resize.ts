import * as tf from '@tensorflow/tfjs'

interface CropAttrs {
  cropSize: [number, number]
  method: 'bilinear' | 'nearest'
}

/**
 * Differentiates cropAndResize by the image, which the core cannot. Rows and columns of a crop are weighted sums of those of the
 * image; with the weights as matrices R and C, a crop is R · image · Cᵀ, and the gradient Rᵀ · dy · C. Images that have
 * several crops add up theirs.
 */
export const cropAndResize: tf.GradConfig = {
  kernelName: 'CropAndResize',
  inputsToSave: ['image', 'boxes', 'boxInd'],
  gradFunc: (dy, saved, attrs) => {
    const [image, boxes, boxInd] = saved as [tf.Tensor4D, tf.Tensor2D, tf.Tensor1D]
    const { method, cropSize } = attrs as unknown as CropAttrs
    const [batch, height, width, channels] = image.shape
    const crops = boxes.shape[0]
    const constant = (name: string) => (): tf.Tensor => {
      throw new Error(
        `[tfjs-wasm] CropAndResize has no gradient by its ${name}, on any backend: give it as a constant`,
      )
    }
    return {
      image: () => {
        const [top, left, bottom, right] = tf.split(boxes, 4, 1) as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
        ]
        const rows = shares(top, bottom, height, cropSize[0], method)
        const columns = shares(left, right, width, cropSize[1], method)
        const down = tf.matMul(rows, tf.reshape(dy as tf.Tensor, [crops, cropSize[0], -1]), true)
        const turned = tf.transpose(tf.reshape(down, [crops, height, cropSize[1], channels]), [0, 2, 1, 3])
        const across = tf.matMul(columns, tf.reshape(turned, [crops, cropSize[1], -1]), true)
        const gradients = tf.transpose(tf.reshape(across, [crops, width, height, channels]), [0, 2, 1, 3])
        return tf.unsortedSegmentSum(gradients, boxInd, batch)
      },
      boxes: constant('boxes'),
      boxInd: constant('boxInd'),
    }
  },
}

/** Gives, for each crop and each of its positions along an axis, the share that each pixel has in it. */
function shares(
  start: tf.Tensor,
  end: tf.Tensor,
  size: number,
  count: number,
  method: 'bilinear' | 'nearest',
): tf.Tensor {
  const steps = tf.linspace(0, 1, count)
  const relative =
    count > 1 ? tf.add(start, tf.mul(tf.sub(end, start), steps)) : tf.div(tf.add(start, end), 2)
  const positions = tf.expandDims(tf.mul(relative, size - 1), -1)
  const pixels = tf.range(0, size)
  const share =
    method === 'nearest'
      ? tf.cast(tf.equal(tf.floor(tf.add(positions, 0.5)), pixels), 'float32')
      : tf.relu(tf.sub(1, tf.abs(tf.sub(positions, pixels))))
  const isInside = tf.logicalAnd(tf.greaterEqual(positions, 0), tf.lessEqual(positions, size - 1))
  return tf.mul(share, tf.cast(isInside, 'float32'))
}
