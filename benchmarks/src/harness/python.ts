import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where `pnpm interop` makes environments; from `dist`, which the benchmarks run in. */
const venvs = fileURLToPath(new URL('../../.interop/venvs', import.meta.url))

/**
 * Looks for a Python that can import these modules: the one that TRAINYARD_PYTHON names, those that
 * `pnpm interop` has made, `python3`. Gives undefined if there is none; nothing is installed.
 */
export function pythonWith(modules: readonly string[]): string | undefined {
  const made = existsSync(venvs) ? readdirSync(venvs).map((name) => join(venvs, name, 'bin/python')) : []
  return [process.env['TRAINYARD_PYTHON'], ...made, 'python3'].find(
    (python) => python && spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0,
  )
}
