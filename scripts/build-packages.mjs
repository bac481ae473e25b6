// Builds what turbo's filter names, without a word unless it fails; what is built already is not built again.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Builds, or ends the process with what went wrong. */
export function buildPackages(filter) {
  const turbo = createRequire(import.meta.url).resolve('turbo/bin/turbo')
  const options = [`--filter=${filter}`, '--output-logs=errors-only', '--log-prefix=none']
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [turbo, 'run', 'build', ...options], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    encoding: 'utf8',
  })
  if (status === 0) return
  const hint = stderr?.includes('package manager') ? 'Run this through `npx -y pnpm`: turbo needs pnpm.' : ''
  console.error(error?.message ?? `${stdout}${stderr}${hint}`)
  process.exit(status || 1)
}
