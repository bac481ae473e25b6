// How many bytes the core adds to a program: bundled and minified by esbuild from its built entry, gzipped.
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { below, report } from './harness/figures.ts'

const settings = {
  bar: 6000, // bytes
  imports: { 'all of the core': '*', 'Trainer alone': '{ Trainer }' },
}

for (const [figure, imports] of Object.entries(settings.imports)) {
  const { outputFiles } = await build({
    stdin: {
      contents: `export ${imports} from '@trainyard/core'`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const value = gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength
  report('size', { figure, value, unit: 'B', bar: below(settings.bar, 'B', value) })
}
