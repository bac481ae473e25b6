import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { exportModel, withRandom } from '../src/index.ts'

beforeAll(() => tf.setBackend('cpu'))

const model = (): tf.LayersModel =>
  withRandom({ seed: 1 }, () =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1] }),
        tf.layers.batchNormalization(),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3 }),
      ],
    }),
  )

test('an exported model is loaded as a page loads it, and predicts the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-export-'))
  const original = model()
  expect(await exportModel(original, join(folder, 'new'))).toBe(join(folder, 'new', 'model.json'))
  expect(readdirSync(join(folder, 'new')).toSorted()).toEqual(['model.json', 'weights.bin'])
  const server = createServer(({ url }, response) =>
    response.end(readFileSync(join(folder, 'new', basename(url!)))),
  )
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  try {
    const loaded = await tf.loadLayersModel(`http://127.0.0.1:${port}/model.json`)
    const x = tf.randomNormal([4, 6, 6, 1], 0, 1, 'float32', 3)
    const [expected, found] = [original, loaded].map((one) => (one.predict(x) as tf.Tensor).dataSync())
    expect(found).toEqual(expected)
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

test('what cannot be exported is an error that says why', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'trainyard-export-')), 'file')
  writeFileSync(file, '')
  await expect(exportModel({} as never, file)).rejects.toThrow('[tfjs] `exportModel` needs a tf.LayersModel')
  await expect(exportModel(model(), file)).rejects.toThrow(file)
})
