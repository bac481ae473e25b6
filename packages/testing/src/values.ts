import type * as tfjs from '@tensorflow/tfjs'

import type { Op, TensorFlow } from './op.ts'

/** Numbers with a shape and a type, on no backend. */
export interface Values {
  readonly shape: readonly number[]
  readonly dtype: string
  readonly values: Float64Array
}

/** What computing left behind besides its result; all of it is a fault. */
export interface Traces {
  /** Tensors or buffers that nobody can dispose any more. */
  readonly leaked: number
  /** The first input whose values changed. */
  readonly changed: number | undefined
}

/** Makes a backend the current one, and its first use a quiet one. */
export async function useBackend(tf: TensorFlow, name: string): Promise<void> {
  if (tf.getBackend() !== name) {
    const start = tf.findBackendFactory(name) ? tf.setBackend(name) : false
    if (!(await start))
      throw new Error(`[testing] TensorFlow.js cannot start the backend "${name}"; register it first`)
  }
  await tf.ready()
  // The JavaScript backend advertises a native one on the console.
  if (name === 'cpu') (tf.backend() as { firstUse?: boolean }).firstUse = false
}

/** Computes the result of an operation. */
export async function forward(
  tf: TensorFlow,
  op: Op,
  inputs: readonly Values[],
): Promise<Traces & { result: Values }> {
  const { results, ...traces } = await traced(tf, inputs, (tensors) => [op.compute(tf, ...tensors)])
  return { result: results[0]!, ...traces }
}

/** Computes nothing but the values of the result. */
export async function evaluate(tf: TensorFlow, op: Op, inputs: readonly Values[]): Promise<Float64Array> {
  const result = tf.tidy(() => op.compute(tf, ...inputs.map((input) => upload(tf, input))))
  const { values } = await download(result)
  result.dispose()
  return values
}

/**
 * Computes the gradients of Σ weights · result with respect to the inputs that are of type float32, in their order.
 * The weights enter as the gradient of the result, so that no other kernel than those of the operation is needed.
 */
export async function gradient(
  tf: TensorFlow,
  op: Op,
  inputs: readonly Values[],
  weights: Values,
): Promise<Traces & { results: Values[] }> {
  return traced(tf, inputs, (tensors) => {
    const variable = tensors.filter(({ dtype }) => dtype === 'float32')
    const differentiate = tf.grads((...xs) => {
      let next = 0
      return op.compute(tf, ...tensors.map((tensor) => (tensor.dtype === 'float32' ? xs[next++]! : tensor)))
    })
    return differentiate(variable, upload(tf, weights))
  })
}

async function traced(
  tf: TensorFlow,
  inputs: readonly Values[],
  compute: (tensors: tfjs.Tensor[]) => tfjs.Tensor[],
): Promise<Traces & { results: Values[] }> {
  const before = tf.memory()
  const tensors = inputs.map((input) => upload(tf, input))
  try {
    // A scope of its own, as an error in tf.grads leaves the one of the tape open.
    const outputs = tf.tidy(() => compute(tensors))
    const results: Values[] = []
    for (const output of outputs) results.push(await download(output))
    let changed: number | undefined
    for (const [index, tensor] of tensors.entries())
      if (!same(await download(tensor), inputs[index]!)) changed ??= index
    // An operation may give its input back, and that is not to be disposed twice.
    tf.dispose([...new Set([...outputs, ...tensors])])
    const after = tf.memory()
    const leaked = Math.max(
      after.numTensors - before.numTensors,
      after.numDataBuffers - before.numDataBuffers,
    )
    return { results, changed, leaked }
  } catch (error) {
    tf.dispose(tensors.filter(({ isDisposed }) => !isDisposed))
    throw error
  }
}

/** Puts values on the current backend. */
export function upload(tf: TensorFlow, { values, shape, dtype }: Values): tfjs.Tensor {
  if (dtype === 'float32') return tf.tensor(Float32Array.from(values), [...shape], 'float32')
  if (dtype === 'int32') return tf.tensor(Int32Array.from(values), [...shape], 'int32')
  return tf.tensor(Uint8Array.from(values), [...shape], 'bool')
}

/** Copies the values of a tensor, as some backends give out the memory that they go on computing in. */
export async function download(tensor: tfjs.Tensor): Promise<Values> {
  return {
    shape: [...tensor.shape],
    dtype: tensor.dtype,
    values: Float64Array.from((await tensor.data()) as Float32Array),
  }
}

function same(a: Values, b: Values): boolean {
  return a.values.every((value, index) =>
    Object.is(Math.fround(value) + 0, Math.fround(b.values[index]!) + 0),
  )
}
