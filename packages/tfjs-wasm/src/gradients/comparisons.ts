import * as tf from '@tensorflow/tfjs'

/**
 * Comparisons step from one value to another, so that their gradient is 0 wherever there is one. The core says so
 * for GreaterEqual alone; with the others, `where(greater(x, 0), x, y)` could not be differentiated.
 */
export const comparisons: readonly tf.GradConfig[] = [
  ...['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual'].map((name) =>
    zero(name, ['a', 'b']),
  ),
  ...['LogicalAnd', 'LogicalOr'].map((name) => zero(name, ['a', 'b'])),
  ...['LogicalNot', 'IsNan', 'IsInf', 'IsFinite'].map((name) => zero(name, ['x'])),
]

function zero(kernelName: string, inputs: string[]): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: inputs,
    gradFunc: (_, saved) =>
      Object.fromEntries(
        inputs.map((input, index) => [input, () => tf.zeros(saved[index]!.shape, 'float32')]),
      ) as ReturnType<tf.GradFunc>,
  }
}
