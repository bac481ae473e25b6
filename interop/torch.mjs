// Trains with Trainyard and with PyTorch, from the same weights, on the same batches, and compares the losses.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '../scripts/bundle-program.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

export const name = 'torch'

export async function run({ venv, run: start, folder }) {
  const { python, skipped } = venv(['torch'])
  if (skipped) return { skipped }
  // A folder from where TensorFlow.js can be found.
  const program = await bundleProgram('interop/torch/program.mjs', path('../benchmarks/dist'))
  const { stdout } = await start(process.execPath, [program])
  const ours = JSON.parse(stdout.split('\n').findLast(Boolean))
  const file = join(folder, 'training.json')
  writeFileSync(file, JSON.stringify(ours))
  const theirs = JSON.parse((await start(python, [path('torch/train.py'), file])).stdout)

  const off = Math.max(...theirs.map((loss, step) => Math.abs(ours.losses[step] / loss - 1)))
  const ends = [theirs[0], theirs.at(-1)].map((loss) => loss.toFixed(4))
  const note = `${theirs.length} losses (${ends.join(' to ')}) differ by ${off.toExponential(1)} at most`
  return { ok: theirs.length === ours.losses.length && theirs.at(-1) < theirs[0] && off < 1e-4, note }
}
