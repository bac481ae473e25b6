// Sends tensors of every type, and the weights of a checkpoint, through the safetensors library of Python and back.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '../scripts/bundle-program.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

export const name = 'safetensors'

export async function run({ venv, run: start, folder }) {
  const { python, skipped } = venv(['safetensors', 'numpy'])
  if (skipped) return { skipped }
  const program = await bundleProgram('interop/safetensors/program.mjs', path('../benchmarks/dist'))
  await start(process.execPath, [program, 'write', folder])
  const files = ['types.safetensors', 'checkpoint/model.safetensors'].map((file) => join(folder, file))
  for (const file of files)
    await start(python, [path('safetensors/round-trip.py'), file, `${file}.back.safetensors`])
  const { stdout } = await start(process.execPath, [program, 'compare', ...files])
  const { equal, tensors } = JSON.parse(stdout)
  return { ok: equal, note: `${tensors} tensors came back ${equal ? 'the same, bit for bit' : 'different'}` }
}
