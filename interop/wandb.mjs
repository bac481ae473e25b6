// Lets the official `wandb sync` send a run that we logged offline, in two parts; and looks at what @wandb/sdk brings. The server is our stand-in for that of
// Weights & Biases.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '../scripts/bundle-program.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const key = '0123456789'.repeat(4)

export const name = 'wandb'

export async function run(context) {
  const { folder, log } = context
  // A folder from where the packages that are not bundled can be found.
  const dist = path('../packages/wandb/node_modules/.trainyard-test')
  const bundle = await bundleProgram('interop/wandb/stand-in.mjs', dist)
  const { WandbStandIn } = await import(bundle)
  const server = await WandbStandIn.start({ keys: [key] })
  const env = { WANDB_API_KEY: key, WANDB_BASE_URL: server.url }
  try {
    const program = await bundleProgram('interop/wandb/runs.mjs', dist)
    // Clients write logs of their own below the working directory.
    const { stdout } = await context.run(process.execPath, [program, folder], { env, cwd: folder })
    const { rows, sdkRows } = JSON.parse(stdout.split('\n').findLast(Boolean))

    const sdk = server.run('sdk')
    assert.deepEqual(steps(sdk), sequence(sdkRows), 'rows through @wandb/sdk')
    assert.equal(sdk.exitCode, 0)
    log(`@wandb/sdk brought ${sdkRows} rows`)

    const { python, skipped } = context.venv(['wandb'])
    if (skipped) return { skipped: `${skipped.split('\n')[0]} (@wandb/sdk brought its ${sdkRows} rows)` }
    const parent = join(folder, 'wandb')
    const offline = readdirSync(parent).find((file) => file.startsWith('offline-run-'))
    const home = {
      HOME: folder,
      WANDB_CACHE_DIR: folder,
      WANDB_CONFIG_DIR: folder,
      WANDB_DIR: folder,
      WANDB_ERROR_REPORTING: 'false',
    }
    const command = join(dirname(python), 'wandb')
    const output = await context.run(command, ['sync', join(parent, offline)], {
      env: { ...env, ...home },
      cwd: folder,
    })
    log(output.stderr.trim().split('\n').at(-1))
    checkOffline(server, rows)
    return { ok: true, note: `wandb sync brought all of ${rows} rows of two lives; @wandb/sdk ${sdkRows}` }
  } finally {
    await server.kill()
  }
}

function checkOffline(server, rows) {
  const offline = server.run('offline')
  assert.deepEqual(steps(offline), sequence(rows))
  const { history, summary } = offline
  for (const { _step: step, loss } of history) assert.equal(loss, 1 / step)
  assert.equal(history[8].notANumber, 'NaN')
  assert.equal(history[8].large.length, 100_000)
  assert.equal(summary.loss, 1 / rows)
  assert.deepEqual(offline.config, { lr: 0.1, layers: [64, 32], name: 'ü' })
  assert.equal(offline.told.displayName, 'Offline')
  assert.deepEqual(offline.told.tags, ['a', 'b'])
  assert.equal(offline.told.notes, 'two lives')
  assert.equal(offline.exitCode, 0)
  const printed = offline.lines('output.log').filter((line) => line.endsWith('a line that is printed'))
  assert.equal(printed.length, 1)
  assert.ok(offline.lines('wandb-events.jsonl').length >= 2)
  for (const value of [history[8].picture, history[8].answers])
    assert.ok(offline.files.has(value.path), value.path)
  const [model] = server.artifacts
  assert.ok(model.isCommitted)
  assert.equal(Buffer.from(model.files.get('model.safetensors')).toString(), 'weights')
}

function steps({ history }) {
  return history.map(({ _step: step }) => step)
}

function sequence(length) {
  return Array.from({ length }, (_, i) => i + 1)
}
