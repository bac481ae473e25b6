import * as tf from '@tensorflow/tfjs'

import { gradientFor } from './gradients/custom.ts'

/** An operation on the tape, from which the core computes gradients. */
interface TapeNode {
  readonly inputs: Inputs
}

/** The inputs of an operation; those that may be left out are undefined then. */
type Inputs = Record<string, tf.Tensor | undefined>

/** The internals of the engine of TensorFlow.js 4.22.0 that write the tape. They are not part of its public types. */
interface Engine {
  readonly state: {
    readonly activeTape: TapeNode[]
    readonly gradientDepth: number
    readonly scopeStack: { readonly name: string }[]
  }
  addTapeNode(
    kernelName: string,
    inputs: Inputs,
    outputs: tf.Tensor[],
    gradient: unknown,
    saved: tf.Tensor[],
    attrs: tf.NamedAttrMap,
  ): void
  saveTensorsForBackwardMode(tensors: (tf.Tensor | undefined)[]): tf.Tensor[]
}

/** Kernels that have another gradient inside of some operations, registered under the name of both. */
const inside: ReadonlyMap<string, string> = new Map([
  ['Sqrt', 'norm__op'],
  ['RealDiv', 'divNoNan__op'],
])

/** Gives the name under which the gradient of a kernel inside of an operation is registered. */
export function gradientInside(kernelName: string): string {
  return `${inside.get(kernelName)}/${kernelName}`
}

/**
 * Repairs what the core writes on its tape:
 *
 * - An input that was left out, as the scale of a batch norm, is an error there. It is left out of the tape as well.
 * - A result that is saved for the gradient is written as a copy of something that comes later, so that second
 *   derivatives do not find the way through it. The operation moves before its copies.
 * - Some operations need another gradient of a kernel than the kernel has by itself (see `inside`), or another one than they
 *   bring along.
 */
export function repairTape(): void {
  const engine = tf.engine() as unknown as Engine
  const addTapeNode = engine.addTapeNode
  const save = engine.saveTensorsForBackwardMode
  engine.addTapeNode = (kernelName, inputs, outputs, gradient, saved, attrs) => {
    const { activeTape, gradientDepth, scopeStack } = engine.state
    const operation = inside.get(kernelName)
    const isInside = operation !== undefined && scopeStack.at(-2)?.name === operation
    const name = isInside ? gradientInside(kernelName) : kernelName
    const given = kernelName === 'FusedBatchNorm' ? withoutMissing(inputs) : inputs
    addTapeNode.call(engine, name, given, outputs, gradientFor(outputs[0]!) ?? gradient, saved, attrs)
    if (gradientDepth > 1) moveBeforeCopies(activeTape, outputs, saved.length)
  }
  engine.saveTensorsForBackwardMode = (tensors) =>
    save.call(engine, tensors.includes(undefined) ? tensors.filter(Boolean) : tensors)
}

function withoutMissing(inputs: Inputs): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor))
}

/** Moves the last operation to where the first copy of one of its results is, among so many copies before it. */
function moveBeforeCopies(tape: TapeNode[], outputs: readonly tf.Tensor[], copies: number): void {
  const last = tape.length - 1
  const from = Math.max(0, last - copies)
  const first = tape.slice(from, last).findIndex(({ inputs }) => outputs.includes(inputs['x']!))
  if (first >= 0) tape.splice(from + first, 0, ...tape.splice(last, 1))
}
