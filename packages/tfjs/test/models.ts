import * as tf from '@tensorflow/tfjs'
import { loader, type SyncLoader } from '@trainyard/data'
import {
  accuracy,
  crossEntropy,
  type LayersBatch,
  layersModule,
  type LayersModuleOptions,
  type LayersOutputs,
  type TfModule,
  withRandom,
} from '../src/index.ts'

/** Two interleaved classes of points: enough to see a network learn. */
export function points(
  count: number,
  { batchSize = 8, shuffle = false, from = 0 } = {},
): SyncLoader<LayersBatch> & { batches: number } {
  const xs = new Float32Array(count * 4)
  const ys = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const kind = (i + from) % 3
    ys[i] = kind
    for (let j = 0; j < 4; j++)
      xs[4 * i + j] = Math.sin(1 + kind * 2 + j + 0.3 * Math.sin((i + from) * 12.9898 + j * 78.233))
  }
  return loader(
    { xs: { data: xs, shape: [count, 4] }, ys: { data: ys, shape: [count] } },
    { batchSize, shuffle, seed: 7 },
  )
}

/** A small network with dropout, the same at each call. */
export function network(): tf.Sequential {
  return withRandom({ seed: 3 }, () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'relu', inputShape: [4] }),
        tf.layers.dropout({ rate: 0.25 }),
        tf.layers.dense({ units: 3 }),
      ],
    }),
  )
}

/** The module of that network. */
export function classifier(
  options: Pick<LayersModuleOptions<never, 'accuracy'>, 'optimizer' | 'optimizers' | 'seed'>,
): TfModule<LayersBatch, LayersOutputs<'accuracy'>> {
  return layersModule({ model: network(), loss: crossEntropy, metrics: { accuracy }, ...options })
}

/** The bits of every weight, in one list, to compare without rounding. */
export async function bits(module: { getState(): Promise<unknown> }): Promise<unknown> {
  const exact = (value: unknown): unknown => {
    if (ArrayBuffer.isView(value))
      return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)].join()
    if (Array.isArray(value)) return value.map(exact)
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, exact(part)]))
    return value
  }
  return exact(await module.getState())
}
