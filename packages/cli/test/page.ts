import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Bundles the page of the viewer from its sources. */
export async function bundlePage(): Promise<{ script: string; style: string }> {
  const folder = fileURLToPath(new URL('../src/page', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'page.tsx'), join(folder, 'page.css')],
    bundle: true,
    minify: true,
    write: false,
    outdir: 'page',
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  })
  const textOf = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))!.text
  return { script: textOf('.js'), style: textOf('.css') }
}
