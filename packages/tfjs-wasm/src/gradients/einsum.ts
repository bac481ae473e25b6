import * as tf from '@tensorflow/tfjs'

/**
 * Differentiates einsum, which the core cannot. By an operand it is an einsum again, of dy and the other operand, with
 * the operand's labels for the result; along labels that neither of the two has, all values are the same.
 */
export const einsum: tf.GradConfig = {
  kernelName: 'Einsum',
  saveAllInputs: true,
  gradFunc: (dy, saved, attrs) => {
    const { equation } = attrs as { equation: string }
    const [inputs, result] = equation.replaceAll(/\s/g, '').split('->') as [string, string]
    const terms = inputs.split(',')
    return Object.fromEntries(
      terms.map((term, index) => [
        index,
        () => {
          const other = 1 - index
          const operands = terms.length > 1 ? [dy as tf.Tensor, saved[other]!] : [dy as tf.Tensor]
          const labels = terms.length > 1 ? [result, terms[other]!] : [result]
          const present = [...term].filter((label) => labels.join('').includes(label)).join('')
          const gradient = tf.einsum(`${labels.join(',')}->${present}`, ...operands)
          const { shape } = saved[index]!
          const aligned = [...term].map((label, axis) => (present.includes(label) ? shape[axis]! : 1))
          return tf.broadcastTo(tf.reshape(gradient, aligned), shape)
        },
      ]),
    ) as ReturnType<tf.GradFunc>
  },
}
