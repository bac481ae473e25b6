import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs'

import { type NetworkDefinition, type NetworkSize, oneHot } from '../network.ts'
import type { TensorFlow } from '../op.ts'
import { normals, random } from '../random.ts'

interface Dimensions {
  readonly words: number
  readonly length: number
  readonly width: number
  readonly heads: number
  readonly blocks: number
  readonly batch: number
}

const dimensions: Readonly<Record<NetworkSize, Dimensions>> = {
  small: { words: 10, length: 6, width: 8, heads: 2, blocks: 1, batch: 3 },
  full: { words: 64, length: 32, width: 64, heads: 4, blocks: 2, batch: 16 },
}

/** A decoder that predicts the next word, written in operations; `tf.layers` has no attention. */
export const transformer: NetworkDefinition = {
  name: 'transformer',
  examples: (size) => dimensions[size].batch,
  build(tf, size) {
    const { words, length, width, heads, blocks, batch } = dimensions[size]
    const weights = new Weights(tf)
    const embeddings = weights.drawn([words, width], 0.1)
    const positions = weights.drawn([length, width], 0.1)
    const layers = Array.from({ length: blocks }, () => ({
      attentionNorm: weights.norm(width),
      queriesKeysValues: weights.drawn([width, 3 * width]),
      output: weights.drawn([width, width]),
      denseNorm: weights.norm(width),
      expand: weights.drawn([width, 4 * width]),
      expandBias: weights.filled(4 * width, 0),
      contract: weights.drawn([4 * width, width]),
      contractBias: weights.filled(width, 0),
    }))
    const lastNorm = weights.norm(width)
    const { ids, next } = text(words, length, batch)
    const xs = tf.tensor2d(ids, [batch, length], 'int32')
    const ys = oneHot(tf, next, words)
    const mask = tf.tensor(
      Float32Array.from({ length: length ** 2 }, (_, i) => (i % length > Math.floor(i / length) ? -1e9 : 0)),
      [1, 1, length, length],
    )

    function attention(x: Tensor, layer: (typeof layers)[number]): Tensor {
      const parts = tf.reshape(tf.matMul(x, layer.queriesKeysValues), [
        batch,
        length,
        3,
        heads,
        width / heads,
      ])
      const [q, k, v] = tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4])) as [Tensor, Tensor, Tensor]
      const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads)), mask)
      const mixed = tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3])
      return tf.matMul(tf.reshape(mixed, [batch * length, width]), layer.output)
    }

    function loss(): ReturnType<typeof tf.scalar> {
      let x: Tensor = tf.reshape(tf.add(tf.gather(embeddings, xs), positions), [batch * length, width])
      for (const layer of layers) {
        x = tf.add(x, attention(normalized(tf, x, layer.attentionNorm), layer))
        const hidden = tf.add(tf.matMul(normalized(tf, x, layer.denseNorm), layer.expand), layer.expandBias)
        x = tf.add(x, tf.add(tf.matMul(gelu(tf, hidden), layer.contract), layer.contractBias))
      }
      const logits = tf.matMul(normalized(tf, x, lastNorm), embeddings, false, true)
      return tf.losses.softmaxCrossEntropy(ys, logits as Tensor2D)
    }

    const variables = weights.all
    return { variables, loss, dispose: () => tf.dispose([...variables, xs, ys, mask]) }
  },
}

interface Norm {
  readonly scale: Variable
  readonly offset: Variable
}

class Weights {
  readonly all: Variable[] = []
  readonly #tf: TensorFlow

  constructor(tf: TensorFlow) {
    this.#tf = tf
  }

  /** Draws a matrix, by default such that it keeps the size of what it is multiplied with. */
  drawn(shape: [number, number], scale: number = 1 / Math.sqrt(shape[0])): Variable {
    return this.#add(normals(`transformer/${this.all.length}`, shape[0] * shape[1], scale), shape)
  }

  filled(length: number, value: number): Variable {
    return this.#add(new Float32Array(length).fill(value), [length])
  }

  norm(width: number): Norm {
    return { scale: this.filled(width, 1), offset: this.filled(width, 0) }
  }

  #add(values: Float32Array, shape: number[]): Variable {
    const initial = this.#tf.tensor(values, shape)
    const variable = this.#tf.variable(initial)
    initial.dispose()
    this.all.push(variable)
    return variable
  }
}

function normalized(tf: TensorFlow, x: Tensor, { scale, offset }: Norm): Tensor {
  const centered = tf.sub(x, tf.mean(x, -1, true))
  const variance = tf.mean(tf.square(centered), -1, true)
  return tf.add(tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, 1e-5))), scale), offset)
}

function gelu(tf: TensorFlow, x: Tensor): Tensor {
  const cubed = tf.mul(x, tf.mul(x, x))
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, cubed)))
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.tanh(inner)))
}

/** Makes sentences in which each word follows from the one before. */
function text(words: number, length: number, batch: number): { ids: Int32Array; next: Int32Array } {
  const draw = random('transformer/text')
  const ids = new Int32Array(batch * length)
  const next = new Int32Array(batch * length)
  let word = 0
  for (let i = 0; i < ids.length; i++) {
    if (i % length === 0) word = Math.floor(draw() * words)
    ids[i] = word
    word = (word * 5 + 3) % words
    next[i] = word
  }
  return { ids, next }
}
