// Runs benchmarks: `pnpm bench [name…] [--quick]`, all of them without a name. One JSON line a figure goes to
// stdout, everything else to stderr. A benchmark is a file in src/. Each runs in a process of its own, so
// that none finds code that another has warmed up, or its garbage.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { buildPackages } from '../scripts/build-packages.mjs'
import { writeResults } from './results.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const benchmarks = readdirSync(path('src'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))

function stop(message) {
  console.error(message)
  process.exit(1)
}

const { names, quick } = readArguments()
// The packages that are measured, as users get them.
buildPackages('benchmarks^...')
await bundle(names)
const figures = []
for (const name of names) figures.push(...(await run(name)))
printTable(figures)
// Only a run of everything, on one machine, is a result worth keeping.
if (!quick && names.length === benchmarks.length) writeResults(path('RESULTS.md'), figures)

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { quick: { type: 'boolean' } },
      allowPositionals: true,
    })
    const unknown = positionals.filter((name) => !benchmarks.includes(name))
    if (unknown.length > 0)
      stop(`There is no benchmark "${unknown.join('", "')}". There are: ${benchmarks.join(', ')}`)
    return { names: positionals.length > 0 ? [...new Set(positionals)] : benchmarks, quick: values.quick }
  } catch (error) {
    return stop(`${error.message}\nUsage: pnpm bench [${benchmarks.join(' | ')}]… [--quick]`)
  }
}

/** Turns the benchmarks into JavaScript. Packages stay outside, so Node finds their built files. */
async function bundle(entries) {
  await build({
    entryPoints: entries.map((name) => path(`src/${name}.ts`)),
    outdir: path('dist'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
  })
}

/** Runs one benchmark; passes its figures on and gives them back, with their bars. */
function run(name) {
  console.error(`\n${name}`)
  const program = [path(`dist/${name}.js`), ...(quick ? ['--quick'] : [])]
  // With --expose-gc a block can start on a clean young generation.
  const child = spawn(process.execPath, ['--expose-gc', ...program], { stdio: ['ignore', 'pipe', 'inherit'] })
  // A trainer in the child would take the signal as a wish to stop its own run, and the next block would
  // begin.
  const signals = { SIGINT: 130, SIGTERM: 143 }
  const interrupt = (signal) => {
    child.kill('SIGKILL')
    process.exit(signals[signal])
  }
  for (const signal of Object.keys(signals)) process.on(signal, interrupt)
  const found = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      // What a library prints is not a figure.
      if (!line.startsWith('{"bench"')) {
        console.error(line)
        continue
      }
      const { bar, ...figure } = JSON.parse(line)
      console.log(JSON.stringify(figure))
      found.push({ ...figure, bar })
    }
  })
  return new Promise((done) => {
    child.on('close', (code) => {
      for (const signal of Object.keys(signals)) process.off(signal, interrupt)
      if (code !== 0) stop(`benchmark "${name}" failed (exit code ${code})`)
      done(found)
    })
  })
}

function printTable(rows) {
  const cells = rows.map(({ bench, figure, value, unit, ratio, against, bar }) => [
    bench,
    figure,
    `${value} ${unit}`,
    ratio === null ? '' : `${ratio}x`,
    against ?? '',
    bar ? `${bar.met ? 'met' : 'MISSED'}: ${bar.text}` : '',
  ])
  const table = [['bench', 'figure', 'value', 'ratio', 'against', 'bar'], ...cells]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  console.error(quick ? '\nA smoke run: these figures mean nothing.' : '')
  for (const row of table) {
    const line = row.map((cell, column) => cell.padEnd(widths[column])).join('  ')
    console.error(line.trimEnd())
  }
}
