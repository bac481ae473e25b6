import type * as tf from '@tensorflow/tfjs'

import { type Geometry, imagesAtATime, isPointwise, validOutputs, volume } from './geometry.ts'
import type { Heap } from './heap.ts'
import { multiply } from './multiply.ts'

/**
 * Differentiates a convolution by its filter: dW[tap, c, k] = Σ x[position at the tap, c] · dy[position, k] over all
 * output positions. With a row for each tap and channel of what it meets at each of them ("im2col", transposed), this
 * is a matrix product.
 */
export function filterGradient(
  heap: Heap,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  geometry: Geometry,
  filterShape: readonly number[],
): tf.TensorInfo {
  const { batch, inChannels, outChannels } = geometry
  const out = heap.make(filterShape)
  const rows = volume(geometry.filter) * inChannels
  const positions = volume(geometry.output)
  if (batch * positions * rows * outChannels === 0) {
    heap.float32(out).fill(0)
    return out
  }
  if (isPointwise(geometry)) {
    multiply(heap, x, dy, out, { rows, inner: batch * positions, columns: outChannels, transposeA: true })
    return out
  }
  // With the channels first, what a tap meets in a line of the output is a line of the input.
  const pixels = heap.reshape(x, [batch * volume(geometry.input), inChannels])
  const lines = heap.run('Transpose', { x: pixels }, { perm: [1, 0] })
  const images = imagesAtATime(batch, rows * positions)
  const columns = heap.make([rows, images * positions])
  for (let image = 0; image < batch; image += images) {
    const count = Math.min(images, batch - image)
    fillColumns(heap, columns, lines, geometry, image, count)
    const size = { rows, inner: count * positions, columns: outChannels, add: image > 0 }
    multiply(heap, columns, dy, out, size, [[0, image * positions * outChannels, 0]])
  }
  heap.dispose(pixels, lines, columns)
  return out
}

/** Writes a row for each tap and channel: what the tap meets at each output position of `count` images. */
function fillColumns(
  heap: Heap,
  columns: tf.TensorInfo,
  lines: tf.TensorInfo,
  geometry: Geometry,
  image: number,
  count: number,
): void {
  const { batch, inChannels, input, output, filter, stride, dilation, pad } = geometry
  const [, height, width] = input
  const [outDepth, outHeight, outWidth] = output
  const rowLength = count * volume(output)
  const values = heap.float32(columns)
  const [to, from] = [heap.address(columns), heap.address(lines)]
  let row = 0
  for (let tapD = 0; tapD < filter[0]; tapD++)
    for (let tapH = 0; tapH < filter[1]; tapH++)
      for (let tapW = 0; tapW < filter[2]; tapW++) {
        const [fromD, toD] = validOutputs(geometry, 0, tapD)
        const [fromH, toH] = validOutputs(geometry, 1, tapH)
        const [fromW, toW] = validOutputs(geometry, 2, tapW)
        const complete = (toW - fromW) * (toH - fromH) * (toD - fromD) === volume(output)
        for (let c = 0; c < inChannels; c++, row++) {
          const start = row * rowLength
          if (!complete) values.fill(0, start, start + rowLength)
          for (let n = 0; n < count; n++)
            for (let d = fromD; d < toD; d++) {
              const plane = (c * batch + image + n) * input[0] + d * stride[0] + tapD * dilation[0] - pad[0]
              const line = plane * height + fromH * stride[1] + tapH * dilation[1] - pad[1]
              const source = line * width + fromW * stride[2] + tapW * dilation[2] - pad[2]
              const target = start + ((n * outDepth + d) * outHeight + fromH) * outWidth + fromW
              heap.loops.copyLines(
                to + 4 * target,
                from + 4 * source,
                toH - fromH,
                4 * outWidth,
                4 * stride[1] * width,
                toW - fromW,
                4 * stride[2],
              )
            }
        }
      }
}
