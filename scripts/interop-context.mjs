// What a check of `pnpm interop` is given.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { lastLines, pythonWith } from './venv.mjs'

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url))

const running = new Set()
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 }))
  process.on(signal, () => {
    for (const child of running) killAll(child)
    process.exit(code)
  })

/** Makes a context: `folder` is an empty one for what the check writes, `log` tells a person how it goes. */
export function contextOf(name) {
  const folder = path(`.interop/${name}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return { folder, run, venv, npm, log: (line) => console.error(`  ${line}`) }
}

/** Gives `{ python }` that has these packages, from an environment under .interop if need be, or `{ skipped }`. */
function venv(packages, options) {
  try {
    return { python: pythonWith(packages, options) }
  } catch (error) {
    return { skipped: error.message }
  }
}

/** Gives `{ folder }` under .interop whose node_modules have these packages, or `{ skipped }`. */
async function npm(packages) {
  const folder = path(`.interop/npm/${packages.join('+').replaceAll(/[^\w.+-]+/g, '_')}`)
  const complete = `${folder}/complete`
  if (existsSync(complete)) return { folder }
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n')
  const options = ['--ignore-scripts', '--no-audit', '--no-fund']
  try {
    await run('npm', ['install', ...options, ...packages], { cwd: folder, seconds: 600 })
  } catch (error) {
    return { skipped: error.message }
  }
  writeFileSync(complete, '')
  return { folder }
}

/**
 * Runs a program and gives its `stdout` and `stderr`; `onLine` gets the lines of stderr as they come.
 * @throws if it fails, and if it takes longer than `seconds` or `signal` ends it, with all that it has started.
 */
function run(command, args, { seconds = 300, cwd = path(''), env, onLine, signal } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    const output = { stdout: '', stderr: '' }
    let late = false
    signal?.addEventListener('abort', () => killAll(child))
    const limit = setTimeout(() => {
      late = true
      killAll(child)
    }, 1000 * seconds)
    for (const stream of ['stdout', 'stderr'])
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text
        if (stream === 'stderr' && onLine) for (const line of text.split('\n').filter(Boolean)) onLine(line)
      })
    const end = () => {
      clearTimeout(limit)
      running.delete(child)
    }
    child.on('error', (error) => {
      end()
      reject(error)
    })
    child.on('close', (status) => {
      end()
      if (status === 0) return resolve(output)
      const what = late ? `was not done after ${seconds} s` : `failed (${status})`
      reject(new Error(`${command} ${what}\n${lastLines(output.stderr || output.stdout, 20)}`))
    })
  })
}

/** Ends a process and what it has started; it leads a group of its own. */
function killAll(child) {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
