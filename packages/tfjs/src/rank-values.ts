import * as tf from '@tensorflow/tfjs'
import type { Awaitable } from '@trainyard/core'
import { memoryOf, type TensorMemory } from '@trainyard/tfjs-wasm'
import type { Averaged } from './rank-sum.ts'

/** The values of a tensor on their way to the other ranks and back. */
export interface RankValues {
  /** Gives values `from` to `to`, times their weight, for use at once. Each is taken once. */
  take(from: number, to: number): Float32Array
  /** Puts the sums over ranks in place of the values from here on, divided by a number. */
  put(from: number, sums: Float32Array, divisor: number): void
  /** Gives the means, once all are there. */
  tensor(): tf.Tensor
}

/** Opens a tensor's values: where they are, if that is in this program's memory and nobody else needs them, or as a copy. */
export function openValues(item: Averaged): Awaitable<RankValues> {
  const { values, weight, mayChange } = item
  const memory = values && mayChange ? memoryOf(values) : undefined
  return memory ? new ValuesInPlace(values!, memory, weight) : copyValues(item)
}

class ValuesInPlace implements RankValues {
  readonly #tensor: tf.Tensor
  readonly #memory: TensorMemory
  readonly #weight: number

  constructor(tensor: tf.Tensor, memory: TensorMemory, weight: number) {
    this.#tensor = tensor
    this.#memory = memory
    this.#weight = weight
  }

  take(from: number, to: number): Float32Array {
    if (this.#weight !== 1) this.#memory.multiply(from, to, this.#weight)
    return this.#memory.view(from, to)
  }

  put(from: number, sums: Float32Array, divisor: number): void {
    const to = from + sums.length
    this.#memory.view(from, to).set(sums)
    this.#memory.divide(from, to, divisor)
  }

  tensor(): tf.Tensor {
    return this.#tensor
  }
}

/** Copies values, times their weight, to where the program can get at them. The device multiplies and divides: its loops are several times as quick as those of JavaScript. */
async function copyValues({ values, weight, size, shape }: Averaged): Promise<RankValues> {
  const copy = values ? await readScaled(values, weight) : new Float32Array(size)
  let total = 1
  return {
    take: (from, to) => copy.subarray(from, to),
    put(from, sums, divisor) {
      copy.set(sums, from)
      total = divisor
    },
    tensor: () => tf.tidy(() => tf.div(tf.tensor(copy, [...shape], 'float32'), total)),
  }
}

async function readScaled(tensor: tf.Tensor, factor: number): Promise<Float32Array> {
  // A tensor of its own in any case: what a backend gives may be the very values that a tensor has.
  const scaled = tf.mul(tensor, factor)
  try {
    return await scaled.data<'float32'>()
  } finally {
    scaled.dispose()
  }
}
