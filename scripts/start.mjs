// Runs a sample program: `pnpm start [app] [options of the app]`. Builds what it needs first; what is built already is not built again.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const apps = readdirSync('apps')
const [first, ...rest] = process.argv.slice(2)
const named = first !== undefined && !first.startsWith('-')
const app = named ? first : 'quickstart'
const args = named ? rest : process.argv.slice(2)

if (!apps.includes(app)) {
  console.error(`There is no app "${app}". There are: ${apps.join(', ')}`)
  process.exit(1)
}

const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' }
const build = spawnSync(
  'turbo',
  ['run', 'build', `--filter=${app}...`, '--output-logs=errors-only', '--log-prefix=none'],
  {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  },
)
if (build.status !== 0 || !existsSync(`apps/${app}/dist/main.js`)) {
  console.error(build.error?.message ?? `${build.stdout}${build.stderr}`)
  process.exit(build.status || 1)
}

const run = spawn(process.execPath, [`apps/${app}/dist/main.js`, ...args], { stdio: 'inherit' })
// The terminal sends its signals to the program as well; this process only waits for it to end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && run.kill(signal))
run.on('close', (code) => process.exit(code ?? 1))
