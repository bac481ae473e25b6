import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { say } from '../harness/figures.ts'
import { pythonWith } from '../harness/python.ts'

/** A program that trains all networks in one way, and prints `Times`. */
export interface Contender {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

// As seen from `dist`, which this runs in.
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const native = path('../../.native')

/** Finds out who can take part, and says who cannot and why. */
export async function findContenders(seconds: number): Promise<Contender[]> {
  const limit = String(seconds)
  const worker = await bundle(path('.'))
  const ways = (names: readonly string[], program: string): Contender[] =>
    names.map((name) => ({ name, command: process.execPath, args: [program, name, limit] }))
  const contenders = ways(['stock cpu', 'stock wasm', 'wasm'], worker)

  if (existsSync(join(native, 'node_modules/@tensorflow/tfjs-node/lib')))
    contenders.push(...ways(['stock node', 'node'], await bundle(native)))
  else say('without native TensorFlow: `node scripts/build-native.mjs` builds it')

  const python = pythonWith(['torch'])
  const args = [path('../src/torch/networks.py'), '--seconds', limit]
  if (python) contenders.push({ name: 'torch', command: python, args })
  else say('without PyTorch: name a Python that has it, TRAINYARD_PYTHON=…, or run `pnpm interop torch`')
  return contenders
}

/** Puts the worker into a folder, so that it finds the TensorFlow.js that is installed there. */
async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, 'wasm-worker.mjs')
  await build({
    entryPoints: [path('../src/wasm/worker.ts')],
    outfile,
    bundle: true,
    external: ['@tensorflow/*'],
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  return outfile
}
