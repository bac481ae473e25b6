import * as tf from '@tensorflow/tfjs'
import { fail } from './errors.ts'

/** The files of a model, as browsers load them. */
const modelFile = 'model.json'
const weightsFile = 'weights.bin'

/**
 * Writes a model for the browser: `model.json` and `weights.bin` in a folder, which `tf.loadLayersModel('https://…/model.json')` loads. For Python there is
 * `writeSafetensors` of `@trainyard/checkpointer`. Gives the path of `model.json`. Needs Node.
 * @throws if a layer is one that cannot be described, or the folder cannot be written.
 */
export async function exportModel(model: tf.LayersModel, folder: string): Promise<string> {
  if (!(model instanceof tf.LayersModel))
    fail('`exportModel` needs a tf.LayersModel, as tf.sequential() or tf.model() makes one')
  // Not an import, which a bundler for browsers could not resolve.
  const builtin = globalThis.process?.getBuiltinModule
  if (!builtin) fail('`exportModel` writes files, which needs Node; in a page use `model.save()`')
  const { mkdir, rename, writeFile } = builtin('node:fs/promises')
  const { join } = builtin('node:path')
  const path = join(folder, modelFile)
  /** Puts a file in place whole, so that a page never loads half of it. */
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    const partial = join(folder, `.${name}.partial`)
    await writeFile(partial, content)
    await rename(partial, join(folder, name))
  }
  await model.save(
    tf.io.withSaveHandler(async ({ weightData, weightSpecs = [], ...description }) => {
      const weightsManifest = [{ paths: [weightsFile], weights: weightSpecs }]
      await mkdir(folder, { recursive: true })
      // The weights first: what `model.json` speaks of is there.
      await write(weightsFile, bytesOf(weightData))
      await write(modelFile, JSON.stringify({ ...description, weightsManifest }))
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } }
    }),
  )
  return path
}

function bytesOf(data: tf.io.WeightData | undefined): Uint8Array {
  const parts = data === undefined ? [] : Array.isArray(data) ? data : [data]
  const bytes = new Uint8Array(parts.reduce((total, { byteLength }) => total + byteLength, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(new Uint8Array(part), offset)
    offset += part.byteLength
  }
  return bytes
}
