import * as tf from '@tensorflow/tfjs'
import type { LossFunction } from './losses.ts'
import type { TensorInput } from './tensor-input.ts'
import { TfModule, type TfModuleOptions } from './tf-module.ts'
import { fail } from './errors.ts'

/** A batch for a `tf.LayersModel`; `ys` may be absent in prediction. */
export interface LayersBatch {
  readonly xs: TensorInput
  readonly ys?: TensorInput
}

/** What a module made of a `tf.LayersModel` gives: the loss, what it compared, and each single loss and metric under its name. */
export type LayersOutputs<Name extends string = never> = {
  loss: tf.Scalar
  predictions: tf.Tensor
  targets: tf.Tensor
} & Record<Name, tf.Scalar>

export interface LayersModuleOptions<Losses extends string, Metrics extends string> extends Pick<
  TfModuleOptions<LayersBatch, never>,
  'optimizer' | 'optimizers' | 'seed'
> {
  /** A model with one input and one output; for others there is `functionModule`. */
  model: tf.LayersModel
  /** One loss, or several by name; `loss` is then their sum. */
  loss: LossFunction | Readonly<Record<Losses, LossFunction>>
  /** Other scalars to compute from targets and predictions. */
  metrics?: Readonly<Record<Metrics, LossFunction>>
}

/**
 * Makes a module of a `tf.LayersModel`:
 *
 * ```ts
 * const module = layersModule({ model, loss: crossEntropy, metrics: { accuracy }, optimizer: adam({ learningRate: 1e-3 }) })
 * ```
 *
 * Regularizers of the layers are part of `loss`.
 */
export function layersModule<const Losses extends string = never, const Metrics extends string = never>(
  options: LayersModuleOptions<Losses, Metrics>,
): TfModule<LayersBatch, LayersOutputs<Losses | Metrics>> {
  const { model, loss, metrics = {} as Record<Metrics, LossFunction>, ...rest } = options
  check(options)
  const losses = typeof loss === 'function' ? {} : (loss as Record<string, LossFunction>)
  return new TfModule<LayersBatch, LayersOutputs<Losses | Metrics>>({
    ...rest,
    variables: layersVariables(model),
    // Not the variables' own flags: tf.sequential() sets them all when it is first called.
    trainable: () => new Set(model.trainableWeights.map(variableOf)),
    forward({ xs, ys }, { training }) {
      const predictions = model.apply(xs, { training }) as tf.Tensor
      const outputs: Record<string, tf.Tensor> = { predictions }
      if (ys) {
        const parts = Object.entries(losses).map(
          ([name, compare]) => (outputs[name] = compare(ys, predictions)),
        )
        if (typeof loss === 'function') parts.push(loss(ys, predictions))
        outputs['loss'] = [...parts, ...model.calculateLosses()].reduce((sum, part) => tf.add(sum, part))
        outputs['targets'] = ys
        for (const [name, compute] of Object.entries<LossFunction>(metrics))
          outputs[name] = compute(ys, predictions)
      } else if (training) fail('the batch has no `ys`: there is nothing to compare the predictions with')
      return outputs as LayersOutputs<Losses | Metrics>
    },
  })
}

function check({ model, loss, metrics = {} as never }: LayersModuleOptions<string, string>): void {
  if (!(model instanceof tf.LayersModel))
    fail('`model` must be a tf.LayersModel, as tf.sequential() or tf.model() makes one')
  if (model.inputs.length > 1 || model.outputs.length > 1)
    fail(
      `the model has ${model.inputs.length} inputs and ${model.outputs.length} outputs; layersModule() takes one of each, functionModule() any`,
    )
  const losses = typeof loss === 'function' ? [['loss', loss]] : Object.entries(loss ?? {})
  if (losses.length === 0) fail('`loss` must be a function such as crossEntropy, or a record of functions')
  for (const [name, compare] of [...losses, ...Object.entries(metrics)]) {
    if (typeof compare !== 'function')
      fail(
        `loss or metric "${name as string}" must be a function such as crossEntropy or accuracy, not ${String(compare)}`,
      )
    if (['predictions', 'targets'].includes(name as string) || (name === 'loss' && compare !== loss))
      fail(`"${name as string}" is the name of an output already; call your loss or metric otherwise`)
  }
  for (const layer of model.layers)
    if (layer.getClassName() === 'Dropout' && layer.getConfig()['seed'] != null)
      fail(
        `layer "${layer.name}" has a \`seed\`, with which TensorFlow.js drops the same units at every step; leave it out: the module's \`seed\` makes dropout repeatable`,
      )
}

/**
 * Gives the variables of a model by the names that checkpoints use: `<layer>/<weight>`. A layer whose name TensorFlow.js counted up over the whole
 * process (`dense_Dense7`) is counted within the model instead, so that the same model has the same names wherever it is built.
 */
export function layersVariables(model: tf.LayersModel): Record<string, tf.Variable> {
  const counts = new Map<string, number>()
  const variables: Record<string, tf.Variable> = {}
  for (const layer of model.layers) {
    const automatic = /^(.+_[A-Z]\w*?)\d+$/.exec(layer.name)?.[1]
    const count = automatic === undefined ? 0 : (counts.get(automatic) ?? 0) + 1
    if (automatic !== undefined) counts.set(automatic, count)
    const layerName = automatic === undefined ? layer.name : `${automatic}${count}`
    for (const weight of layer.weights) {
      const name = weight.originalName.startsWith(`${layer.name}/`)
        ? weight.originalName.slice(layer.name.length + 1)
        : weight.originalName
      const key = `${layerName}/${name}`
      if (key in variables)
        fail(`two weights of the model are called "${key}"; give the layers names of their own`)
      variables[key] = variableOf(weight)
    }
  }
  return variables
}

/** The variable inside a layer's weight; TensorFlow.js keeps it in a field that its types do not show. */
function variableOf(weight: tf.layers.Layer['weights'][number]): tf.Variable {
  return (weight as unknown as { val: tf.Variable }).val
}
