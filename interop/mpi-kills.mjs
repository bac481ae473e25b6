// Kills ranks (SIGKILL) at random, in turn with every MPI that is here: each job is started again once, and must end with the weights of one that nobody killed, bit
// for bit. `TRAINYARD_MPI_KILLS=300 pnpm interop mpi-kills` asks for as many.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { assertSameOnRanks, bundlePrograms, launchersHere, trainWith } from './mpi/jobs.mjs'

const kills = Number(process.env.TRAINYARD_MPI_KILLS ?? 4)
const steps = 12
const settings = { steps, save: 2, timeout: 60 }

export const name = 'mpi-kills'

export async function run({ folder, log }) {
  const { found: launchers, skipped } = launchersHere()
  if (skipped) return { skipped }
  const context = { folder, ranks: 2, ...(await bundlePrograms()) }
  const whole = await trainWith({ ...context, command: launchers[0], settings })
  assert.equal(whole.code, 0, whole.output)
  const counts = { 'at a step': 0, 'between steps': 0 }
  let late = 0
  for (let done = 0; done < kills;) {
    const command = launchers[done % launchers.length]
    const way = Object.keys(counts)[Math.floor(done / launchers.length) % 2]
    const { what, ...kill } = way === 'at a step' ? killAtStep() : killLater()
    const jobOptions = ['--max-restarts', '1']
    const job = await trainWith({
      ...context,
      command,
      jobOptions,
      ...kill,
      settings: { ...settings, ...kill.settings },
    })
    assert.equal(job.code, 0, `${command}, ${what}: ${job.output}`)
    assertSameOnRanks(job.result, 2)
    assert.ok(job.weights.equals(whole.weights), `${command}, ${what}: other weights\n${job.output}`)
    rmSync(job.own, { recursive: true })
    if (!/restart 1 of 1/.test(job.output)) {
      // A kill between steps may come when the job is over.
      assert.equal(way, 'between steps', `${command}, ${what}: nobody was killed\n${job.output}`)
      late++
      continue
    }
    counts[way]++
    if (++done % 10 === 0) log(`${done} kills`)
  }
  const ways = Object.entries(counts).map(([way, count]) => `${count} ${way}`)
  return {
    ok: true,
    note: `${launchers.join(', ')}: ${kills} kills (${ways.join(', ')}; ${late} came too late)`,
  }
}

/** A rank kills itself when it has made a step. */
function killAtStep() {
  const kill = { rank: draw(2), step: 1 + draw(steps - 1), signal: 'SIGKILL' }
  return { what: JSON.stringify(kill), settings: { kill } }
}

/** A rank is killed from outside, some time after a step: in the next one, in a validation, in a save, which comes after every other step. */
function killLater() {
  const [rank, step, delay] = [draw(2), 1 + draw(steps - 2), draw(60)]
  let pid
  let isDone = false
  const onLine = (line) => {
    const announced = /^rank (\d) is process (\d+)$/.exec(line)
    if (announced && Number(announced[1]) === rank) pid ??= Number(announced[2])
    if (isDone || line !== `step ${step}` || pid === undefined) return
    isDone = true
    setTimeout(() => {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }, delay)
  }
  return { what: `rank ${rank}, ${delay} ms after step ${step}`, settings: { announce: true }, onLine }
}

function draw(below) {
  return Math.floor(below * Math.random())
}
