import * as tf from '@tensorflow/tfjs'

/** What is used of the backend. */
interface Backend {
  makeTensorInfo(shape: number[], dtype: string, values: Float32Array): tf.TensorInfo
  disposeData(dataId: object): boolean
}

let repaired = false

/**
 * Makes casts from integers and booleans to float32 on WebGPU convert the numbers. TensorFlow.js 4.22.0 only
 * renames them; a shader that copies them, as for a sum over the first axis, then does not compile, and all
 * work that waits with it is lost.
 */
export function repairWebgpuCast(): void {
  if (repaired) return
  repaired = true
  const cast = tf.getKernel('Cast', 'webgpu')
  const multiply = tf.getKernel('Multiply', 'webgpu')
  tf.unregisterKernel('Cast', 'webgpu')
  tf.registerKernel({
    ...cast,
    kernelFunc(params) {
      const result = cast.kernelFunc(params) as tf.TensorInfo
      const { x } = params.inputs as { x: tf.TensorInfo }
      if (result.dtype !== 'float32' || !['int32', 'bool'].includes(x.dtype)) return result
      const backend = params.backend as Backend
      const one = backend.makeTensorInfo([], 'float32', Float32Array.of(1))
      const inputs = { a: result, b: one }
      const converted = multiply.kernelFunc({ ...params, inputs })
      for (const { dataId } of [result, one]) backend.disposeData(dataId)
      return converted
    },
  })
}
