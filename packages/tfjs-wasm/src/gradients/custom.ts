import * as tf from '@tensorflow/tfjs'

import { type FusedOperation, gradientInParts } from './in-parts.ts'

// Some operations of the core bring their gradient along, as a function that no registry knows. It is repaired on
// the way to the engine, which knows the operation by the name of its scope.

type Save = (tensors: tf.Tensor[]) => void

/** What an operation gives to the engine: a function of its inputs, and of one that saves tensors for the gradient. */
type CustomFunction = (...inputsAndSave: [...inputs: tf.Tensor[], save: Save]) => {
  value: tf.Tensor
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[]
}

/** The internals of the engine of TensorFlow.js 4.22.0 that this file relies on. */
interface Engine {
  readonly state: { readonly gradientDepth: number; readonly activeScope: { readonly name: string } | null }
  customGrad(f: CustomFunction): unknown
  runKernel(name: string, inputs: tf.NamedTensorMap, attrs?: tf.NamedAttrMap): tf.Tensor
}

type Repair = (f: CustomFunction, engine: Engine) => CustomFunction

const repairs: ReadonlyMap<string, Repair> = new Map([
  ['fusedMatMul__op', inParts('fusedMatMul__op')],
  ['fusedConv2d__op', inParts('fusedConv2d__op')],
  ['fusedDepthwiseConv2d__op', inParts('fusedDepthwiseConv2d__op')],
  ['softmaxCrossEntropy__op', crossEntropy],
])

/** Repairs the gradients that operations bring along, from now on. */
export function repairCustomGradients(): void {
  const engine = tf.engine() as unknown as Engine
  const customGrad = engine.customGrad
  engine.customGrad = (f) => {
    const { gradientDepth, activeScope } = engine.state
    const repair = gradientDepth > 0 ? repairs.get(activeScope?.name ?? '') : undefined
    return customGrad.call(engine, repair ? repair(f, engine) : f)
  }
}

/** The gradients of results, for the tape; an operation can bring one along only for all of its inputs at once. */
const gradients = new WeakMap<tf.Tensor, ReturnType<typeof gradientInParts>>()

/** Gives the gradient that belongs to the result of an operation, if it is not the one that the operation brings along. */
export function gradientFor(result: tf.Tensor): ReturnType<typeof gradientInParts> | undefined {
  return gradients.get(result)
}

function inParts(operation: FusedOperation): Repair {
  return (f, engine) =>
    (...args) => {
      let options: tf.NamedAttrMap | undefined
      const runKernel = engine.runKernel
      engine.runKernel = (name, inputs, attrs) => {
        options ??= attrs
        return runKernel.call(engine, name, inputs, attrs)
      }
      try {
        const result = f(...args)
        gradients.set(result.value, gradientInParts(operation, options ?? {}))
        return result
      } finally {
        engine.runKernel = runKernel
      }
    }
}

/**
 * The loss -Σ labels · log p is differentiated by the labels as well, for which the core has another formula. For second
 * derivatives log p is computed again, as the one that was saved is not on the tape.
 */
function crossEntropy(f: CustomFunction, engine: Engine): CustomFunction {
  const isNested = engine.state.gradientDepth > 1
  return (...args) => {
    const [labels, logits, save] = args as unknown as [tf.Tensor, tf.Tensor, Save]
    const { value } = isNested ? f(labels, logits, () => save([labels, logits])) : f(...args)
    return {
      value,
      gradFunc: (dy, saved) => {
        const [truth, other] = saved as [tf.Tensor, tf.Tensor]
        const logarithms = isNested ? tf.logSoftmax(other) : other
        const slope = tf.expandDims(dy, -1)
        return [
          tf.neg(tf.mul(slope, logarithms)),
          tf.mul(slope, tf.sub(tf.exp(logarithms), tf.cast(truth, 'float32'))),
        ]
      },
    }
  }
}
