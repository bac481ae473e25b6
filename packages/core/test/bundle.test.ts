import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** Bundles what an import of the core brings, minified; gives its gzipped size and whatever it imports from outside. */
async function bundle(imports: string): Promise<{ size: number; external: unknown[] }> {
  const directory = fileURLToPath(new URL('../src', import.meta.url))
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${imports} from './index.ts'`, resolveDir: directory },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
  })
  const external = Object.values(metafile.inputs).flatMap((input) =>
    input.imports.filter((imported) => imported.external),
  )
  return { size: gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength, external }
}

test('the core imports nothing', async () => {
  expect((await bundle('*')).external).toEqual([])
})

test('the core stays small, minified and gzipped', async () => {
  expect((await bundle('{ Trainer }')).size).toBeLessThan(6650)
  expect((await bundle('*')).size).toBeLessThan(8010)
})
