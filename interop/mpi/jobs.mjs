// Starts jobs of several ranks, and gives what became of them.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '../../scripts/bundle-program.mjs'

/** A folder from where the packages that are not bundled can be found. */
const dist = fileURLToPath(new URL('../../packages/mpi/node_modules/.trainyard-test', import.meta.url))

/** Where an MPI is installed that has the ABI of MPI 5: `TRAINYARD_MPI_ABI=/opt/mpich pnpm interop mpi`. */
const abi = process.env.TRAINYARD_MPI_ABI
const abiLauncher = abi && join(abi, 'bin/mpirun')

/** Gives the library that ranks of a launcher are to load; undefined for the one that they find. */
export function libraryOf(command) {
  return abi && command === abiLauncher ? join(abi, 'lib/libmpi_abi.so') : undefined
}

/** Finds every MPI that is here. */
export function launchersHere() {
  const found = ['mpirun.openmpi', 'mpirun.mpich', abiLauncher].filter(
    (command) => command && spawnSync(command, ['--version']).status === 0,
  )
  return found.length > 0
    ? { found }
    : { skipped: 'neither mpirun.openmpi nor mpirun.mpich is here (apt-get install openmpi-bin mpich)' }
}

/** Bundles the programs of jobs, and gives their paths by name. */
export async function bundlePrograms() {
  mkdirSync(dist, { recursive: true })
  const alias = Object.fromEntries(
    ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'].map((name) => [name, required(name)]),
  )
  const [launcher, train, collectives] = await Promise.all(
    ['launcher', 'train', 'collectives'].map((name) =>
      bundleProgram(`interop/mpi/${name}.mjs`, dist, { alias }),
    ),
  )
  return { launcher, train, collectives }
}

/** Makes a module out of a CommonJS package. To import it as it is would take Node half a second for each rank: it looks for the names in its text. */
function required(name) {
  const names = Object.keys(createRequire(join(dist, 'x.js'))(name)).filter((key) => key !== 'default')
  const file = join(dist, `${name.replace(/.*\//, '')}.required.mjs`)
  writeFileSync(
    file,
    `import { createRequire } from 'node:module'
export const { ${names.join(', ')} } = createRequire(import.meta.url)('${name}')\n`,
  )
  return file
}

/** Starts a training and gives its exit code, what it printed, the line of rank zero, and the weights. */
export async function trainWith(options) {
  const { folder, launcher, train, command, settings, ranks, jobOptions = [], prefix = [], onLine } = options
  const own = options.own ?? fresh(folder)
  const program = [train, JSON.stringify({ folder: own, library: libraryOf(command), ...settings })]
  const job = [launcher, '-n', ranks, '--launcher', command, ...flags(command), ...jobOptions, ...program]
  const { code, output } = await start([...prefix, process.execPath, ...(command ? job : program)], {
    onLine,
    env: options.env,
  })
  const line = output.split('\n').findLast((text) => text.startsWith('{"ranks"'))
  const weights = line && readFileSync(join(own, 'weights.bin'))
  return { code, output, own, weights, result: line && JSON.parse(line) }
}

/** What a launcher needs here, whatever the job. */
export function flags(command) {
  if (!command?.includes('openmpi')) return []
  return ['--oversubscribe', ...(process.getuid() === 0 ? ['--allow-run-as-root'] : [])]
}

export function assertSameOnRanks({ ranks, hashes }, expected) {
  assert.equal(ranks, expected)
  assert.equal(new Set(hashes).size, 1, `the ranks differ: ${hashes}`)
}

let folders = 0
function fresh(folder) {
  const own = join(folder, String(++folders))
  mkdirSync(own, { recursive: true })
  return own
}

/** Runs a command to its end, whatever that is; `onLine` hears of each line that it prints. */
export function start([command, ...args], { onLine, env, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args.map(String), {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const limit = setTimeout(() => {
      child.kill('SIGTERM')
      child.kill('SIGTERM')
      reject(new Error(`not done after 120 s: ${args.join(' ')}\n${output.slice(-2000)}`))
    }, 120_000)
    for (const stream of [child.stdout, child.stderr]) {
      let open = ''
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
        const lines = (open + text).split('\n')
        open = lines.pop()
        for (const line of lines) onLine?.(line, child)
      })
    }
    child.on('error', reject)
    const end = (code) => {
      clearTimeout(limit)
      resolve({ code, output })
    }
    child.on('close', end)
    // What runs on a host that is cut off goes on holding the pipes.
    child.on('exit', (code) => setTimeout(end, 2000, code))
  })
}
