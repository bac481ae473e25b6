// Kills the quickstart at random times, again and again, and starts it again each time: `pnpm crash-test [kills] [seed]`. It must end with the same weights, bit
// for bit, as a run that nobody killed, and a polite signal must end it with a checkpoint of the very step that it was at. A run that gets to its end in spite
// of the kills is compared, and another one begun.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildPackages } from './build-packages.mjs'

const kills = Number(process.argv[2] ?? 20)
const seed = Number(process.argv[3] ?? Date.now() % 100_000)
const args = ['--steps', '600', '--filters', '4', '--hidden', '32']
const limit = 120 // seconds for a run to end by itself

buildPackages('quickstart...')
const program = resolve('apps/quickstart/dist/main.js')
const [whole, broken] = ['whole', 'broken'].map((name) =>
  mkdtempSync(join(tmpdir(), `trainyard-crash-${name}-`)),
)

const straight = await run(whole)
console.log(`a run that nobody kills takes ${(straight.ms / 1000).toFixed(1)} s`)

console.log(`${kills} kills, seed ${seed}`)
const random = randomFrom(seed)
let runs = 0
for (let kill = 1; kill <= kills;) {
  const signal = random() < 0.5 ? 'SIGKILL' : 'SIGTERM'
  // A third of a run, so that it gets on in spite of the kills.
  const { code, killedAt, ms, output } = await run(broken, { signal, after: (random() * straight.ms) / 3 })
  if (code === 0) {
    compare()
    continue
  }
  // 143 is what a program gives that SIGTERM ended; before it listens, the signal itself does.
  if (![143, null].includes(code)) fail(`it ended with code ${code}:\n${output}`)
  // Behind the training there is nothing left to save.
  const wasPolite = code === 143 && !output.includes('done at step')
  const at = wasPolite ? `, ended ${(ms - killedAt).toFixed(0)} ms later at step ${lastStep()}` : ''
  console.log(`${String(kill++).padStart(3)}  ${signal} after ${(killedAt / 1000).toFixed(2)} s${at}`)
  if (wasPolite && !isSavedAfter(Date.now() - ms + killedAt))
    fail(`it ended without a checkpoint of its last step:\n${output}`)
}
await run(broken)
compare()
console.log(`In spite of ${kills} kills the weights are the same, bit for bit, at the end of ${runs} runs.`)
for (const folder of [whole, broken]) rmSync(folder, { recursive: true })

/** Compares a run that has come to its end, and makes room for another. */
function compare() {
  if (!weights(whole).equals(weights(broken))) fail(`the weights differ; look into ${whole} and ${broken}`)
  rmSync(join(broken, 'runs'), { recursive: true })
  runs++
}

/** Runs the program in a folder; kills it after so many milliseconds, if asked to. */
async function run(cwd, { signal, after } = {}) {
  const start = performance.now()
  const child = spawn(process.execPath, [program, ...args], { cwd, env: { ...process.env, CI: 'true' } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  let killedAt = 0
  const killer =
    signal && setTimeout(() => ((killedAt = performance.now() - start), child.kill(signal)), after)
  const watchdog = setTimeout(() => child.kill('SIGKILL'), limit * 1000)
  const code = await new Promise((done) => child.on('close', done))
  clearTimeout(killer)
  clearTimeout(watchdog)
  const ms = performance.now() - start
  if (ms > limit * 1000) fail(`it did not end within ${limit} s:\n${output}`)
  if (!signal && code !== 0) fail(`it ended with code ${code}:\n${output}`)
  return { code, killedAt, ms, output }
}

/** The newest checkpoint of the only run in a folder: a kill starts no second one. */
function last(cwd) {
  const found = readdirSync(join(cwd, 'runs/quickstart')).filter((name) => !name.startsWith('.'))
  if (found.length !== 1) fail(`there is not one run but ${found.length} in ${cwd}: ${found.join(', ')}`)
  return join(cwd, 'runs/quickstart/1/checkpoints/last')
}

function weights(cwd) {
  return readFileSync(join(last(cwd), 'model.safetensors'))
}

function lastStep() {
  return existsSync(last(broken)) ? /step=(\d+)/.exec(readlinkSync(last(broken)))?.[1] : 'none yet'
}

/** Whether there is a checkpoint from after a time, or of a step that is saved anyhow, which the signal may have met while it was being saved. */
function isSavedAfter(time) {
  if (!existsSync(last(broken))) return false
  const { savedAt } = JSON.parse(readFileSync(join(last(broken), 'manifest.json'), 'utf8'))
  return Number(lastStep()) % 100 === 0 || Date.parse(savedAt) >= time
}

/** Gives numbers from 0 to 1, the same ones for a seed: a linear congruential generator (Numerical Recipes). */
function randomFrom(start) {
  let state = start >>> 0
  return () => (state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0) / 2 ** 32
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
