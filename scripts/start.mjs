// Runs a sample program: `pnpm start [app] [options of the app]`. Builds what it needs first; what is built already is not built again.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildPackages } from './build-packages.mjs'

const apps = readdirSync('apps')
const [first, ...rest] = process.argv.slice(2)
const named = first !== undefined && !first.startsWith('-')
const app = named ? first : 'quickstart'
const args = named ? rest : process.argv.slice(2)

if (!apps.includes(app)) {
  console.error(`There is no app "${app}". There are: ${apps.join(', ')}`)
  process.exit(1)
}

// The first time it takes half a minute.
console.error(`Building what ${app} needs…`)
buildPackages(`${app}...`)

// A program with a `configs` folder looks for it where it is started.
const cwd = existsSync(`apps/${app}/configs`) ? `apps/${app}` : '.'
const run = spawn(process.execPath, [resolve(`apps/${app}/dist/main.js`), ...args], { stdio: 'inherit', cwd })
// The terminal sends its signals to the program as well; this process only waits for it to end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && run.kill(signal))
run.on('close', (code) => process.exit(code ?? 1))
