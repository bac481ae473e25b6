import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/** Makes programs of files beside this one, for other processes and threads; gives the URL of the first, and of the others in that order. */
export async function bundle(...names: string[]): Promise<string[]> {
  // Inside node_modules, so that git ignores it.
  const outdir = fileURLToPath(new URL('../node_modules/.trainyard-test', import.meta.url))
  await mkdir(outdir, { recursive: true })
  await build({
    entryPoints: names.map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@trainyard/source'],
  })
  return names.map((name) => pathToFileURL(join(outdir, `${name}.mjs`)).href)
}
