import * as tf from '@tensorflow/tfjs'

import { type Attrs, type Heap, heapOf } from './heap.ts'

/** Computes with tensors on the heap; new tensors come back, the inputs stay the caller's. */
export type KernelFunction = (
  heap: Heap,
  inputs: Record<string, tf.TensorInfo>,
  attrs: Attrs,
) => tf.TensorInfo | tf.TensorInfo[]

/** A kernel under its name in TensorFlow.js; `make` gets the one that it replaces, if there is one. */
export interface Kernel {
  readonly name: string
  readonly make: (stock: KernelFunction) => KernelFunction
  readonly isNeeded?: IsNeeded | undefined
}

/** Says whether the replaced kernel is wrong for these inputs; if it is right, it is run without a detour. */
type IsNeeded = (inputs: tf.NamedTensorInfoMap, attrs: Attrs) => boolean

/** Runs the replaced kernel, with the same inputs and attributes or with others. */
type Stock<I, A> = (inputs?: I, attrs?: A) => tf.TensorInfo

/**
 * Describes a kernel, with its inputs and attributes typed. What it cannot do better it passes to `stock`, the
 * kernel that it replaces; `isNeeded` says for which inputs there is something to do better, if not for all.
 */
export function kernel<I extends object, A extends object>(
  name: string,
  compute: (heap: Heap, inputs: I, attrs: A, stock: Stock<I, A>) => tf.TensorInfo | tf.TensorInfo[],
  isNeeded?: (inputs: I, attrs: A) => boolean,
): Kernel {
  return {
    name,
    isNeeded: isNeeded as IsNeeded | undefined,
    make: (stock) => (heap, inputs, attrs) =>
      compute(
        heap,
        inputs as I,
        attrs as A,
        (others = inputs as I, options = attrs as A) =>
          stock(heap, others as typeof inputs, options as typeof attrs) as tf.TensorInfo,
      ),
  }
}

/** Puts a kernel into the registry of the WASM backend, in place of the one of the same name. */
export function register({ name, make, isNeeded }: Kernel): void {
  const previous = tf.getKernel(name, 'wasm') as tf.KernelConfig | undefined
  const stock: KernelFunction = (heap, inputs, attrs) => {
    if (!previous) throw new Error(`[tfjs-wasm] ${name} is not there for these inputs on the WASM backend`)
    return previous.kernelFunc({ inputs, attrs, backend: heap.backend })
  }
  const compute = make(stock)
  if (previous) tf.unregisterKernel(name, 'wasm')
  tf.registerKernel({
    // Should the backend be started anew, the replaced kernel is set up as before.
    ...previous,
    kernelName: name,
    backendName: 'wasm',
    kernelFunc: (params) => {
      const { inputs, attrs = none, backend } = params
      if (previous && isNeeded && !isNeeded(inputs, attrs)) return previous.kernelFunc(params)
      const heap = heapOf(backend)
      return heap.scope(() => compute(heap, inputs as Record<string, tf.TensorInfo>, attrs))
    },
  })
}

const none: Attrs = {}
