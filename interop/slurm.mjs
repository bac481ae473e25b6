// Submits jobs with `trainyard-mpi submit` to a real Slurm: one that runs through, one whose time is over and that queues again, one that is cancelled, one whose rank
// is killed. All must end with the weights of the first, bit for bit.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { bundlePrograms, start } from './mpi/jobs.mjs'
import { startSlurm } from './mpi/slurm-cluster.mjs'

export const name = 'slurm'

export async function run({ folder, log }) {
  const slurm = await startSlurm(folder)
  if (slurm.skipped) return slurm
  try {
    return await check({ folder, slurm, log, ...(await bundlePrograms()) })
  } finally {
    await slurm.stop()
  }
}

async function check(context) {
  const { slurm, log } = context
  const whole = await submit(context, 'whole')
  assert.equal(await whole.state(), 'COMPLETED', whole.output())
  const { ranks, hashes, step } = whole.result()
  assert.deepEqual([ranks, step, new Set(hashes).size], [2, 50, 1])
  log('a job runs through')
  const same = (job) => assert.ok(job.weights().equals(whole.weights()), job.output())

  const slow = { settings: { pause: 50 } }
  const noticed = await submit(context, 'noticed', slow)
  await noticed.prints('step 12')
  // What Slurm sends before the time of a job is over.
  slurm.run('scancel', '--batch', '--signal=USR1', noticed.id)
  await noticed.prints('"reason":"signal"')
  // By itself it would wait for two minutes; its node needs some seconds to forget the first start.
  await noticed.is('Reason=BeginTime')
  await setTimeout(8000)
  slurm.run('scontrol', 'update', `JobId=${noticed.id}`, 'StartTime=now')
  assert.equal(await noticed.state(), 'COMPLETED', noticed.output())
  assert.match(slurm.run('scontrol', 'show', 'job', noticed.id), /Restarts=1/)
  same(noticed)
  log('one whose time is over saves, queues again, and goes on')

  const cancelled = await submit(context, 'cancelled', slow)
  await cancelled.prints('step 12')
  slurm.run('scancel', cancelled.id)
  assert.equal(await cancelled.state(), 'CANCELLED', cancelled.output())
  const again = await submit(context, 'cancelled', slow)
  assert.equal(await again.state(), 'COMPLETED', again.output())
  // It was to save every ten steps, so it has saved when it was told to end.
  assert.ok(Number(/^step (\d+)$/m.exec(again.output())[1]) > 12, again.output())
  same(again)
  log('one that is cancelled saves, and goes on when it is submitted again')

  const settings = { kill: { rank: 1, step: 17, signal: 'SIGKILL' } }
  const killed = await submit(context, 'killed', { settings, options: ['--max-restarts', '1'] })
  assert.equal(await killed.state(), 'COMPLETED', killed.output())
  assert.match(killed.output(), /restart 1 of 1/)
  same(killed)
  log('one whose rank is killed starts again, and goes on')

  const library = 'libmpich.so.12'
  const isThere = spawnSync('ldconfig', ['-p'], { env: slurm.env, encoding: 'utf8' }).stdout.includes(library)
  if (isThere) {
    const other = await submit(context, 'mpich', { settings: { library }, env: { SLURM_MPI_TYPE: 'pmi2' } })
    assert.equal(await other.state(), 'COMPLETED', other.output())
    assert.equal(other.result().ranks, 2)
    same(other)
    log('one with MPICH runs through')
  }
  return { ok: true, note: `${slurm.run('sinfo', '--version')}${isThere ? '' : '; MPICH is not here'}` }
}

/** Submits a training on two ranks; what it writes is in a folder of this name. */
async function submit(
  { folder, slurm, launcher, train },
  folderName,
  { settings = {}, options = [], env = {} } = {},
) {
  const own = join(folder, folderName)
  mkdirSync(own, { recursive: true })
  const program = [train, JSON.stringify({ folder: own, save: 10, ...settings })]
  const { run: ask } = slurm
  const submitted = await start(
    [process.execPath, launcher, 'submit', '-n', 2, ...options, '--', ...program],
    { env: { ...slurm.env, ...env }, cwd: own },
  )
  assert.equal(submitted.code, 0, submitted.output)
  const [, id] = /job (\d+):/.exec(submitted.output)
  const output = () => readFileSync(join(own, `slurm-${id}.out`), 'utf8')
  /** Waits for something that is to be so within two minutes. */
  const until = async (what, isSo) => {
    for (let i = 0; i < 600; i++) {
      const found = isSo()
      if (found) return found
      await setTimeout(200)
    }
    throw new Error(`${folderName}: ${what} did not come within 120 s\n${ask('squeue')}`)
  }
  const printed = (text) => {
    try {
      return output().includes(text)
    } catch {
      return false
    }
  }
  return {
    id,
    output,
    prints: (text) => until(text, () => printed(text)),
    is: (text) => until(text, () => ask('scontrol', 'show', 'job', id).includes(text)),
    state: () =>
      until('its end', () => {
        const [, state] = /JobState=(\w+)/.exec(ask('scontrol', 'show', 'job', id)) ?? []
        return ['COMPLETED', 'FAILED', 'CANCELLED', 'NODE_FAIL', 'TIMEOUT'].includes(state) && state
      }),
    result: () =>
      JSON.parse(
        output()
          .split('\n')
          .findLast((line) => line.startsWith('{"ranks"')),
      ),
    weights: () => readFileSync(join(own, 'weights.bin')),
  }
}
