import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

// If this fails, the source of the worker has changed: run it again with `-u`, which writes the file anew.
test('the worker thread runs what stands in the source', async () => {
  const { outputFiles } = await build({
    entryPoints: ['src/save-worker.ts'],
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    write: false,
  })
  const code = outputFiles[0]!.text.trim().replaceAll(/[\\`]|\$(?=\{)/g, String.raw`\$&`)
  const file = `// Made of save-worker.ts by test/save-worker.test.ts; not to be changed by hand.\nexport const saveWorkerCode = \`${code}\`\n`
  await expect(file).toMatchFileSnapshot('../src/save-worker-code.ts')
})
