import { TfModule, type TfModuleOptions, type TfOutputs } from './tf-module.ts'

/**
 * Makes a module of any function over variables:
 *
 * ```ts
 * const variables = { w: tf.variable(tf.zeros([1])), b: tf.variable(tf.scalar(0)) }
 * const module = functionModule<Batch, Outputs>({
 *   variables,
 *   forward: ({ xs, ys }) => ({ loss: meanSquaredError(ys, tf.add(tf.mul(xs, variables.w), variables.b)) }),
 *   optimizer: sgd({ learningRate: 0.1 }),
 * })
 * ```
 */
export function functionModule<Batch, O extends TfOutputs>(
  options: TfModuleOptions<Batch, O>,
): TfModule<Batch, O> {
  return new TfModule(options)
}
