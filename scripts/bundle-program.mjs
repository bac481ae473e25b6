import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles a program, with our packages from their sources, into a folder that has TensorFlow.js in its
 * `node_modules`, or above it, so that there is one copy of it. Gives the bundle's path. `alias` puts files in the place of packages.
 */
export async function bundleProgram(program, folder, { browser = false, alias } = {}) {
  const outfile = join(folder, basename(program))
  const modules = join(folder, 'node_modules')
  await build({
    entryPoints: [join(root, program)],
    outfile,
    bundle: true,
    format: 'esm',
    conditions: ['@trainyard/source'],
    // A package that depends on all that is imported. The TensorFlow.js in it must not be taken.
    nodePaths: [modules, join(root, 'benchmarks/node_modules')],
    ...(browser
      ? {
          platform: 'browser',
          target: 'es2022',
          alias: { '@tensorflow/tfjs': join(modules, '@tensorflow/tfjs') },
          // Parts of packages that the program does not use, and that are left out.
          external: ['@tensorflow/tfjs-backend-wasm', 'node:*'],
        }
      : { platform: 'node', target: 'node20', external: ['@tensorflow/*', 'koffi'], alias }),
  })
  return outfile
}
