// Asks the real TensorBoard, with each of its two loaders, for everything that we write; watches a run that is killed and resumed; takes a picture of the page.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '../scripts/bundle-program.mjs'
import { checkEveryKind } from './tensorboard/expectations.mjs'
import { startTensorboard } from './tensorboard/server.mjs'

// A folder from where TensorFlow.js can be found.
const dist = fileURLToPath(new URL('../benchmarks/dist', import.meta.url))

export const name = 'tensorboard'

export async function run(context) {
  const { python, skipped } = context.venv(['tensorboard'])
  if (skipped) return { skipped }
  const programs = {
    everyKind: await bundleProgram('interop/tensorboard/every-kind.mjs', dist),
    train: await bundleProgram('interop/tensorboard/train.mjs', dist),
  }
  const notes = []
  for (const [loader, loadFast] of Object.entries({ Python: false, Rust: true })) {
    const directory = join(context.folder, loader)
    await context.run(process.execPath, [programs.everyKind, directory])
    const options = { run: context.run, python, directory, loadFast }
    const live = await startTensorboard(options)
    let last
    try {
      const kinds = await checkEveryKind(live)
      context.log(`${loader} loader: ${kinds.join(', ')}`)
      last = await killTwice(live, programs.train, directory, (line) =>
        context.log(`${loader} loader: ${line}`),
      )
      notes.push(`${loader} loader: ${kinds.length} kinds of data, live, killed and resumed twice`)
    } finally {
      await live.close()
    }
    // What a server that saw nothing of it shows.
    const later = await startTensorboard(options)
    try {
      await stepsAre(later, last)
      const picture = takePicture(later.address, join(context.folder, `${loader}.png`))
      context.log(`${loader} loader: ${picture}`)
    } finally {
      await later.close()
    }
  }
  return { ok: true, note: notes.join('; ') }
}

/** Watches a run grow, kills it twice, lets it end; each step must be there once. Gives the last one. */
async function killTwice(server, program, directory, log) {
  const checkpoint = join(directory, 'checkpoint.json')
  const start = (steps) =>
    spawn(process.execPath, [program, join(directory, 'live'), checkpoint, String(steps)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  for (let seen = 0, life = 1; life <= 2; life++) {
    const child = start(1e6)
    const ended = new Promise((done) => child.on('close', (_, signal) => done(signal)))
    try {
      // Some steps more than it had in its life before, and some behind a checkpoint.
      const isNew = (found) => found.at(-1)?.[1] > seen + 12 && found.at(-1)[1] % 10 > 3
      const rows = await server.until('new steps, live', () => losses(server), isNew)
      seen = rows.at(-1)[1]
      log(`saw step ${seen} while the run wrote`)
    } finally {
      child.kill('SIGKILL')
    }
    assert.equal(await ended, 'SIGKILL', 'the run ended before it was killed')
  }
  const last = JSON.parse(readFileSync(checkpoint, 'utf8')).trainer.step + 15
  const child = start(last)
  assert.equal(await new Promise((done) => child.on('close', done)), 0, 'the run failed')
  await stepsAre(server, last)
  return last
}

async function stepsAre(server, last) {
  const rows = await server.until(
    `all ${last} steps`,
    () => losses(server),
    (found) => found.at(-1)?.[1] === last && found.length >= last,
  )
  assert.deepEqual(
    rows.map(([, step]) => step),
    Array.from({ length: last }, (_, i) => i + 1),
  )
  const expected = rows.map((_, i) => Math.fround(((i % 5) + 1) / (i + 1)))
  assert.deepEqual(
    rows.map(([, , value]) => value),
    expected,
  )
}

function losses({ get }) {
  return get('/data/plugin/scalars/scalars', { run: 'live', tag: 'loss' })
}

/** Lets a headless Chromium draw the page of the curves; says where the picture is, or why there is none. */
function takePicture(address, file) {
  const chromium = [process.env.TRAINYARD_CHROMIUM, 'chromium', 'google-chrome'].find(
    (program) => program && spawnSync(program, ['--version'], { timeout: 30_000 }).status === 0,
  )
  if (!chromium) return 'no picture: there is no chromium; install one, or name one with TRAINYARD_CHROMIUM'
  const flags = ['--headless=new', '--no-sandbox', '--hide-scrollbars', '--window-size=1400,1000']
  const { status, stderr } = spawnSync(
    chromium,
    [...flags, '--virtual-time-budget=20000', `--screenshot=${file}`, `${address}/#scalars&tagFilter=loss`],
    { timeout: 120_000, encoding: 'utf8' },
  )
  assert.equal(status, 0, `chromium took no picture: ${stderr}`)
  // A page that did not load has some 5 kB.
  const { size } = statSync(file)
  assert(size > 30_000, `${file} has only ${size} bytes: the page did not load`)
  return `a picture of ${Math.round(size / 1000)} kB: ${file}`
}
